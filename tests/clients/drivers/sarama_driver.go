// sarama_driver.go - sarama for the suite clients; words in, JSON lines out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

var version = ""
var words = map[string]string{}
var saying sync.Mutex

type line map[string]any

func say(l line) {
	text, _ := json.Marshal(l)
	saying.Lock()
	defer saying.Unlock()
	fmt.Println(string(text))
}

func number(key string) int {
	n, _ := strconv.Atoi(words[key])
	return n
}

func brokers() []string {
	return []string{words["broker"]}
}

// ---- admin

func admin(command string) error {
	adm, err := sarama.NewClusterAdmin(brokers(), sarama.NewConfig())
	if err != nil {
		return err
	}
	defer adm.Close()
	topic, partitions := words["topic"], int32(number("partitions"))
	switch command {
	case "create":
		wanted := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}
		return adm.CreateTopic(topic, wanted, false)
	case "grow":
		return adm.CreatePartitions(topic, partitions, nil, false)
	case "delete":
		return adm.DeleteTopic(topic)
	}
	told, err := adm.DescribeTopics([]string{topic})
	if err != nil {
		return err
	}
	if told[0].Err != sarama.ErrNoError {
		return told[0].Err
	}
	say(line{"partitions": len(told[0].Partitions)})
	return nil
}

// ---- records

func producerConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	config.Producer.Compression = map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4,
		"zstd": sarama.CompressionZSTD}[words["codec"]]
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{
		"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll}[words["acks"]]
	if number("partitions") > 0 {
		config.Producer.Partitioner = sarama.NewManualPartitioner
	}
	if words["idempotence"] == "on" {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	return config
}

func note(producer sarama.AsyncProducer, count int, done chan bool) {
	for i := 0; i < count; i++ {
		select {
		case m := <-producer.Successes():
			offset := m.Offset
			if words["acks"] == "0" {
				offset = -1
			}
			say(line{"acked": m.Metadata, "partition": m.Partition, "offset": offset})
		case e := <-producer.Errors():
			say(line{"failed": e.Msg.Metadata, "error": e.Err.Error()})
		}
	}
	done <- true
}

func produce() error {
	producer, err := sarama.NewAsyncProducer(brokers(), producerConfig())
	if err != nil {
		return err
	}
	partitions, rate, count := number("partitions"), number("rate"), number("count")
	done := make(chan bool)
	go note(producer, count, done)
	begin := time.Now()
	for i := 0; i < count; i++ {
		if rate > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		}
		n := number("first") + i
		value := fmt.Sprintf("%d ", n)
		value += strings.Repeat("x", number("size")-len(value))
		message := &sarama.ProducerMessage{Topic: words["topic"], Metadata: n,
			Key: sarama.StringEncoder(fmt.Sprintf("k%d", n%50)), Value: sarama.StringEncoder(value)}
		if partitions > 0 {
			message.Partition = int32(n % partitions)
		}
		producer.Input() <- message
	}
	<-done
	return producer.Close()
}

func show(m *sarama.ConsumerMessage) {
	begin := string(m.Value)
	if len(begin) > 12 {
		begin = begin[:12]
	}
	n, _ := strconv.Atoi(strings.SplitN(begin, " ", 2)[0])
	say(line{"read": n, "partition": m.Partition, "offset": m.Offset, "size": len(m.Value)})
}

func consume() error {
	client, err := sarama.NewClient(brokers(), sarama.NewConfig())
	if err != nil {
		return err
	}
	topic, when := words["topic"], int64(number("from"))
	switch words["from"] {
	case "beginning":
		when = sarama.OffsetOldest
	case "latest":
		when = sarama.OffsetNewest
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	partitions, err := client.Partitions(topic)
	if err != nil {
		return err
	}
	found := make(chan *sarama.ConsumerMessage)
	for _, p := range partitions {
		if err = follow(client, consumer, p, when, found); err != nil {
			return err
		}
	}
	say(line{"ready": true})
	late := time.After(time.Duration(number("seconds")) * time.Second)
	for left := number("count"); left > 0; left-- {
		select {
		case m := <-found:
			show(m)
		case <-late:
			return nil
		}
	}
	return nil
}

func follow(client sarama.Client, consumer sarama.Consumer, partition int32, when int64,
	found chan *sarama.ConsumerMessage) error {
	offset, err := client.GetOffset(words["topic"], partition, when)
	if err == nil && offset < 0 {
		offset = sarama.OffsetNewest
	}
	if err != nil {
		return err
	}
	reader, err := consumer.ConsumePartition(words["topic"], partition, offset)
	if err != nil {
		return err
	}
	go func() {
		for m := range reader.Messages() {
			found <- m
		}
	}()
	return nil
}

// ---- groups

type member struct{}

func (member) Setup(session sarama.ConsumerGroupSession) error {
	all := []int{}
	for _, p := range session.Claims()[words["topic"]] {
		all = append(all, int(p))
	}
	sort.Ints(all)
	say(line{"assigned": all})
	return nil
}

func (member) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	say(line{"assigned": []int{}})
	return nil
}

func (member) ConsumeClaim(session sarama.ConsumerGroupSession,
	claim sarama.ConsumerGroupClaim) error {
	for m := range claim.Messages() {
		show(m)
		session.MarkMessage(m, "")
		if len(claim.Messages()) == 0 { // a commit waits for the disk: not one for each record
			session.Commit()
		}
	}
	return nil
}

func group() error {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = time.Second
	config.Metadata.RefreshFrequency = 2 * time.Second
	group, err := sarama.NewConsumerGroup(brokers(), words["group"], config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	for ctx.Err() == nil {
		if err = group.Consume(ctx, []string{words["topic"]}, member{}); err != nil {
			break
		}
	}
	if failed := group.Close(); err == nil {
		err = failed
	}
	return err
}

func run(command string) error {
	switch command {
	case "version":
		say(line{"version": version})
		return nil
	case "produce":
		return produce()
	case "consume":
		return consume()
	case "group":
		return group()
	}
	return admin(command)
}

func main() {
	for _, word := range os.Args[2:] {
		key, value, _ := strings.Cut(word, "=")
		words[key] = value
	}
	if err := run(os.Args[1]); err != nil {
		say(line{"error": err.Error()})
		os.Exit(1)
	}
	say(line{"done": true})
}
