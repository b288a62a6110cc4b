// franz_driver.go - franz-go for the suite clients; words in, JSON lines out.
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

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var version = ""
var words = map[string]string{}
var saying sync.Mutex
var always = context.Background()

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

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func client(options ...kgo.Opt) *kgo.Client {
	made, err := kgo.NewClient(append(options, kgo.SeedBrokers(words["broker"]))...)
	if err != nil {
		panic(err)
	}
	return made
}

// ---- admin

func admin(command string) error {
	ctx, cancel := context.WithTimeout(always, 20*time.Second)
	defer cancel()
	cl := client()
	defer cl.Close()
	adm, topic := kadm.NewClient(cl), words["topic"]
	switch command {
	case "create":
		told, err := adm.CreateTopics(ctx, int32(number("partitions")), 1, nil, topic)
		return first(err, told[topic].Err)
	case "grow":
		told, err := adm.UpdatePartitions(ctx, number("partitions"), topic)
		return first(err, told[topic].Err)
	case "delete":
		told, err := adm.DeleteTopics(ctx, topic)
		return first(err, told[topic].Err)
	}
	told, err := adm.ListTopics(ctx, topic)
	if err = first(err, told[topic].Err); err == nil {
		say(line{"partitions": len(told[topic].Partitions)})
	}
	return err
}

// ---- records

func codec() kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(),
		"zstd": kgo.ZstdCompression()}[words["codec"]]
}

func produce() error {
	options := []kgo.Opt{kgo.ProducerBatchCompression(codec())}
	switch words["acks"] {
	case "0":
		options = append(options, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	case "1":
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	partitions, rate := number("partitions"), number("rate")
	if partitions > 0 {
		options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	}
	cl := client(options...)
	begin := time.Now()
	for i := 0; i < number("count"); i++ {
		if rate > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		}
		n := number("first") + i
		value := fmt.Sprintf("%d ", n)
		value += strings.Repeat("x", number("size")-len(value))
		record := &kgo.Record{Topic: words["topic"], Key: []byte(fmt.Sprintf("k%d", n%50)),
			Value: []byte(value)}
		if partitions > 0 {
			record.Partition = int32(n % partitions)
		}
		cl.Produce(always, record, func(r *kgo.Record, err error) {
			if err != nil {
				say(line{"failed": n, "error": err.Error()})
			} else {
				say(line{"acked": n, "partition": r.Partition, "offset": r.Offset})
			}
		})
	}
	err := cl.Flush(always)
	cl.Close()
	return err
}

func show(r *kgo.Record) {
	n, _ := strconv.Atoi(strings.SplitN(string(r.Value[:min(12, len(r.Value))]), " ", 2)[0])
	say(line{"read": n, "partition": r.Partition, "offset": r.Offset, "size": len(r.Value)})
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func consume() error {
	topic := words["topic"]
	cl := client()
	adm := kadm.NewClient(cl)
	var begin kadm.ListedOffsets
	var err error
	switch words["from"] {
	case "beginning":
		begin, err = adm.ListStartOffsets(always, topic)
	case "latest":
		begin, err = adm.ListEndOffsets(always, topic)
	default:
		begin, err = adm.ListOffsetsAfterMilli(always, int64(number("from")), topic)
	}
	if err = first(err, begin.Error()); err != nil {
		return err
	}
	cl.AddConsumePartitions(begin.Offsets().KOffsets())
	say(line{"ready": true})
	ctx, cancel := context.WithTimeout(always, time.Duration(number("seconds"))*time.Second)
	defer cancel()
	for left := number("count"); left > 0 && err == nil && ctx.Err() == nil; {
		fetches := cl.PollFetches(ctx)
		fetches.EachError(func(_ string, p int32, e error) {
			if ctx.Err() == nil {
				err = e
			}
		})
		fetches.EachRecord(show)
		left -= fetches.NumRecords()
	}
	cl.Close()
	return err
}

// ---- groups

type share struct {
	sync.Mutex
	of map[int32]bool
}

func (s *share) change(parts map[string][]int32, has bool) {
	s.Lock()
	defer s.Unlock()
	for _, p := range parts[words["topic"]] {
		s.of[p] = has
	}
	all := []int{}
	for p, mine := range s.of {
		if mine {
			all = append(all, int(p))
		}
	}
	sort.Ints(all)
	say(line{"assigned": all})
}

func group() error {
	mine := &share{of: map[int32]bool{}}
	type told = map[string][]int32
	add := func(_ context.Context, _ *kgo.Client, parts told) { mine.change(parts, true) }
	drop := func(_ context.Context, _ *kgo.Client, parts told) { mine.change(parts, false) }
	cl := client(kgo.ConsumerGroup(words["group"]), kgo.ConsumeTopics(words["topic"]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(time.Second),
		kgo.MetadataMinAge(250*time.Millisecond), kgo.MetadataMaxAge(2*time.Second),
		kgo.OnPartitionsAssigned(add), kgo.OnPartitionsRevoked(drop), kgo.OnPartitionsLost(drop))
	ctx, cancel := context.WithCancel(always)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var err error
	for ctx.Err() == nil && err == nil {
		fetches := cl.PollFetches(ctx)
		fetches.EachRecord(show)
		if fetches.NumRecords() > 0 {
			// a commit that meets a rebalance comes again with what is read next
			_ = cl.CommitUncommittedOffsets(always)
		}
	}
	cl.LeaveGroup()
	cl.Close()
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
