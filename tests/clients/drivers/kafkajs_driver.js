// kafkajs_driver.js - kafkajs for the suite clients; words in, JSON lines out.
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs');
const { version } = require('kafkajs/package.json');

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = () => {
  const lz4 = require('lz4-napi');
  return { compress: (encoder) => lz4.compressFrame(encoder.buffer),
           decompress: (buffer) => lz4.decompressFrame(buffer) };
};
CompressionCodecs[CompressionTypes.ZSTD] = () => {
  const { ZstdCodec } = require('zstd-codec');
  const ready = new Promise((done) => { ZstdCodec.run((zstd) => done(new zstd.Streaming())); });
  return { compress: async (encoder) => Buffer.from((await ready).compress(encoder.buffer)),
           decompress: async (buffer) => Buffer.from((await ready).decompress(buffer)) };
};
const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP,
                 snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4,
                 zstd: CompressionTypes.ZSTD };
const PER_REQUEST = 50;

const command = process.argv[2];
const words = Object.fromEntries(process.argv.slice(3).map((word) => {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}));
const kafka = new Kafka({ brokers: [words.broker], logLevel: logLevel.NOTHING });

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function withAdmin(call) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await call(admin);
  } finally {
    await admin.disconnect();
  }
}

function record(number, size, partitions) {
  const value = Buffer.alloc(size, 'x');
  value.write(`${number} `);
  return { key: `k${number % 50}`, value,
           ...(partitions ? { partition: number % partitions } : {}) };
}

// send() says a base offset for each partition, not which record went where: records are
// acknowledged without places.
async function produce() {
  const [first, count, size, rate, partitions] =
    ['first', 'count', 'size', 'rate', 'partitions'].map((key) => Number(words[key]));
  const producer = kafka.producer(words.idempotence === 'on' ? { idempotent: true } : {});
  await producer.connect();
  const begin = Date.now();
  const perRequest = size > 100000 ? 1 : PER_REQUEST;     // what one call sends is one batch
  for (let i = 0; i < count; i += perRequest) {
    const length = Math.min(perRequest, count - i);
    const numbers = Array.from({ length }, (_, n) => first + i + n);
    if (rate) await sleep(Math.max(0, begin + (i / rate) * 1000 - Date.now()));
    await send(producer, numbers, numbers.map((n) => record(n, size, partitions)));
  }
  await producer.disconnect();
}

async function send(producer, numbers, messages) {
  try {
    await producer.send({ topic: words.topic, messages, compression: CODECS[words.codec],
                          acks: words.acks === 'all' ? -1 : Number(words.acks) });
    numbers.forEach((number) => say({ acked: number, partition: -1, offset: -1 }));
  } catch (error) {
    numbers.forEach((number) => say({ failed: number, error: String(error) }));
  }
}

const show = ({ partition, message }) => say({
  read: Number(message.value.toString('latin1', 0, 12).split(' ')[0]), partition,
  offset: Number(message.offset), size: message.value.length });

// There is no consumer without a group: one of its own begins at places that are looked up.
async function consume() {
  const { topic } = words;
  const places = await withAdmin((admin) => (words.from === 'latest' || words.from === 'beginning'
    ? admin.fetchTopicOffsets(topic)
    : admin.fetchTopicOffsetsByTimestamp(topic, Number(words.from))));
  const consumer = kafka.consumer({ groupId: `alone-${topic}-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let left = Number(words.count);
  const ended = new Promise((done) => {
    setTimeout(done, Number(words.seconds) * 1000);
    consumer.run({ autoCommit: false,
                   eachMessage: async (found) => { show(found); if (--left === 0) done(); } });
  });
  if (words.from !== 'beginning')
    for (const { partition, offset } of places) consumer.seek({ topic, partition, offset });
  say({ ready: true });
  await ended;
  await consumer.disconnect();
}

async function group() {
  const consumer = kafka.consumer({ groupId: words.group, sessionTimeout: 6000,
                                    heartbeatInterval: 1000, metadataMaxAge: 2000 });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    say({ assigned: payload.memberAssignment[words.topic] || [] }));
  await consumer.connect();
  await consumer.subscribe({ topic: words.topic, fromBeginning: true });
  await consumer.run({ eachMessage: async (found) => show(found) });  // commits each batch
  await new Promise((done) => { process.stdin.on('end', done).resume(); });
  await consumer.disconnect();
}

const COMMANDS = {
  version: async () => say({ version }),
  create: () => withAdmin((admin) => admin.createTopics({
    topics: [{ topic: words.topic, numPartitions: Number(words.partitions) }] })),
  describe: async () => {
    const told = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [words.topic] }));
    say({ partitions: told.topics[0].partitions.length });
  },
  grow: () => withAdmin((admin) => admin.createPartitions({
    topicPartitions: [{ topic: words.topic, count: Number(words.partitions) }] })),
  delete: () => withAdmin((admin) => admin.deleteTopics({ topics: [words.topic] })),
  produce, consume, group,
};

COMMANDS[command]().then(() => { say({ done: true }); process.exit(0); }, (error) => {
  say({ error: String(error) });
  process.exit(1);
});
