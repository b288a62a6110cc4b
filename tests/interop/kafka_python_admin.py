"""kafka_python_admin.py - python3-kafka's admin client on settings; prints what it is told as JSON.

usage: kafka_python_admin.py BROKER describe TYPE NAME [KEY...]        TYPE: topic broker
       kafka_python_admin.py BROKER alter TYPE NAME KEY=VALUE...
Runs beside a gateway. describe: {name: [value, read-only, source]}; alter: [error, message].
"""
import json
import sys

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

TYPES = {'topic': ConfigResourceType.TOPIC, 'broker': ConfigResourceType.BROKER}


def describe(admin, kind, name, keys):
    wanted = {key: None for key in keys} or None
    answer, = admin.describe_configs([ConfigResource(TYPES[kind], name, configs=wanted)],
                                     include_synonyms=True)
    (error, message, _, _, configs), = answer.resources
    if error:
        return [error, message]
    return {name: [value, read_only, source]
            for name, value, read_only, source, _sensitive, _synonyms in configs}


def alter(admin, kind, name, assignments):
    wanted = dict(word.split('=', 1) for word in assignments)
    answer = admin.alter_configs([ConfigResource(TYPES[kind], name, configs=wanted)])
    (error, message, _, _), = answer.resources
    return [error, message]


def main():
    broker, command, kind, name, *words = sys.argv[1:]
    admin = KafkaAdminClient(bootstrap_servers=broker)
    do = {'describe': describe, 'alter': alter}[command]
    print(json.dumps(do(admin, kind, name, words)))
    admin.close()


if __name__ == '__main__':
    main()
