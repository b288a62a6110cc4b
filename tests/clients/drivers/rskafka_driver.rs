// rskafka_driver.rs - rskafka for the suite clients; words in, JSON lines out.
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TIMEOUT_MS: i32 = 20_000;
const PER_REQUEST: i32 = 20;

type Done = Result<(), Box<dyn Error>>;

struct Words(HashMap<String, String>);

impl Words {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    fn number(&self, key: &str) -> i32 {
        self.text(key).parse().unwrap_or(0)
    }

    async fn client(&self) -> Result<Client, Box<dyn Error>> {
        Ok(ClientBuilder::new(vec![self.text("broker").to_string()]).build().await?)
    }
}

fn quote(text: &str) -> String {
    let is_plain = |c: &char| !c.is_control() && *c != '"' && *c != '\\';
    let clean: String = text.chars().filter(is_plain).collect();
    format!("\"{clean}\"")
}

fn unsupported(what: &str) -> Done {
    println!("{{\"unsupported\": {}}}", quote(what));
    Ok(())
}

// ---- admin

async fn admin(words: &Words, command: &str) -> Done {
    let client = words.client().await?;
    let topic = words.text("topic");
    match command {
        "create" => client
            .controller_client()?
            .create_topic(topic, words.number("partitions"), 1, TIMEOUT_MS)
            .await?,
        "delete" => client.controller_client()?.delete_topic(topic, TIMEOUT_MS).await?,
        "describe" => {
            let listed = client.list_topics().await?;
            let found = listed.iter().find(|t| t.name == topic).ok_or("no such topic")?;
            println!("{{\"partitions\": {}}}", found.partitions.len());
        }
        _ => return unsupported("no call that adds partitions"),
    }
    Ok(())
}

// ---- records

async fn partitions(words: &Words) -> Result<Vec<Arc<PartitionClient>>, Box<dyn Error>> {
    let client = words.client().await?;
    let topic = words.text("topic");
    let listed = client.list_topics().await?;
    let found = listed.into_iter().find(|t| t.name == topic).ok_or("no such topic")?;
    let mut all = Vec::new();
    for number in found.partitions {
        let one = client.partition_client(topic, number, UnknownTopicHandling::Retry).await?;
        all.push(Arc::new(one));
    }
    Ok(all)
}

fn codec(name: &str) -> Compression {
    match name {
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::NoCompression,
    }
}

fn record(number: i32, size: usize) -> Record {
    let mut value = format!("{number} ").into_bytes();
    value.resize(size, b'x');
    Record {
        key: Some(format!("k{}", number % 50).into_bytes()),
        value: Some(value),
        headers: BTreeMap::new(),
        timestamp: chrono::DateTime::from_timestamp_millis(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
                as i64,
        )
        .unwrap(),
    }
}

// It has no partitioner: a few records at a time go to one partition after the other, or each
// to the one that is asked for.
async fn produce(words: &Words) -> Done {
    if words.text("acks") != "all" {
        return unsupported("acks are always all");
    }
    if words.text("idempotence") == "on" {
        return unsupported("no idempotent producer");
    }
    let all = partitions(words).await?;
    let (first, count, rate) = (words.number("first"), words.number("count"), words.number("rate"));
    let size = words.number("size") as usize;
    let wanted = words.number("partitions");
    let per_request = if wanted > 0 || size > 100_000 { 1 } else { PER_REQUEST };
    let begin = Instant::now();
    let mut at = 0;
    while at < count {
        let numbers: Vec<i32> = (at..count.min(at + per_request)).map(|n| first + n).collect();
        let place = if wanted > 0 { numbers[0] % wanted } else { at / per_request };
        let to = place as usize % all.len();
        if rate > 0 {
            let due = begin + Duration::from_secs(1) * at as u32 / rate as u32;
            tokio::time::sleep_until(due.into()).await;
        }
        let records = numbers.iter().map(|n| record(*n, size)).collect();
        match all[to].produce(records, codec(words.text("codec"))).await {
            Ok(offsets) => {
                for (n, offset) in numbers.iter().zip(offsets) {
                    println!("{{\"acked\": {n}, \"partition\": {to}, \"offset\": {offset}}}");
                }
            }
            Err(error) => {
                for n in numbers {
                    println!("{{\"failed\": {n}, \"error\": {}}}", quote(&error.to_string()));
                }
            }
        }
        at += per_request;
    }
    Ok(())
}

async fn begin(words: &Words, partition: &PartitionClient) -> Result<i64, Box<dyn Error>> {
    let at = match words.text("from") {
        "beginning" => OffsetAt::Earliest,
        "latest" => OffsetAt::Latest,
        time => OffsetAt::Timestamp(
            chrono::DateTime::from_timestamp_millis(time.parse()?).ok_or("no such time")?,
        ),
    };
    let found = partition.get_offset(at).await?;
    Ok(if found < 0 { partition.get_offset(OffsetAt::Latest).await? } else { found })
}

async fn consume(words: &Words) -> Done {
    let mut places = Vec::new();
    for partition in partitions(words).await? {
        places.push((begin(words, &partition).await?, partition));
    }
    println!("{{\"ready\": true}}");
    let deadline = Instant::now() + Duration::from_secs(words.number("seconds") as u64);
    let mut left = words.number("count");
    while left > 0 && Instant::now() < deadline {
        for (offset, partition) in places.iter_mut() {
            let (found, high) = partition.fetch_records(*offset, 1..1_000_000, 0).await?;
            for one in found.iter().filter(|one| one.offset >= *offset) {
                let value = one.record.value.as_deref().unwrap_or_default();
                let text = String::from_utf8_lossy(&value[..value.len().min(12)]).to_string();
                println!(
                    "{{\"read\": {}, \"partition\": {}, \"offset\": {}, \"size\": {}}}",
                    text.split(' ').next().unwrap_or(""),
                    partition.partition(),
                    one.offset,
                    value.len()
                );
                left -= 1;
            }
            *offset = found.last().map_or(*offset, |last| last.offset + 1).min(high.max(*offset));
        }
    }
    Ok(())
}

async fn run(words: &Words, command: &str) -> Done {
    match command {
        "version" => println!("{{\"version\": {}}}", quote(env!("DRIVER_VERSION"))),
        "produce" => produce(words).await?,
        "consume" => consume(words).await?,
        "group" => unsupported("no groups")?,
        _ => admin(words, command).await?,
    }
    Ok(())
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let pairs = arguments.filter_map(|word| {
        word.split_once('=').map(|(key, value)| (key.to_string(), value.to_string()))
    });
    let words = Words(pairs.collect());
    match run(&words, &command).await {
        Ok(()) => println!("{{\"done\": true}}"),
        Err(error) => {
            println!("{{\"error\": {}}}", quote(&error.to_string()));
            std::process::exit(1);
        }
    }
}
