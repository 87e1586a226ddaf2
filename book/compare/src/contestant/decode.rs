//! Decodes JSON into typed values, with `serde_json`.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::sample::{Sample, memory, millis_since};

#[derive(Deserialize)]
struct Order {
    id: u64,
    item: String,
    cents: i64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "a real program would read these fields")]
struct User {
    id: u64,
    name: String,
    email: String,
    active: bool,
    score: f64,
    orders: Vec<Order>,
}

/// Decodes the file repeatedly.
pub fn main(file: &str, times: usize) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("could not read {file}"))?;
    let mut values = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        let users: Vec<User> = serde_json::from_slice(&bytes)?;
        values.push(millis_since(start));
        let orders = users.iter().flat_map(|user| &user.orders);
        let sum: u64 =
            orders.map(|o| o.id + o.cents as u64 + o.item.len() as u64).sum();
        ensure!(sum > 0, "nothing was decoded");
    }
    print(values)
}

/// The limit of the benchmark: validates the file as UTF-8, which reads each byte
/// once.
pub fn validate(file: &str, times: usize) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("could not read {file}"))?;
    let mut values = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        let text = str::from_utf8(std::hint::black_box(&bytes))?;
        std::hint::black_box(text);
        values.push(millis_since(start));
    }
    print(values)
}

fn print(values: Vec<f64>) -> Result<()> {
    let benchmark = "json".to_owned();
    Sample { benchmark, values, peak: memory("VmHWM"), ..Sample::default() }.print()
}

/// The document that all contestants decode, about 200 KB. It is always the same.
pub fn document() -> String {
    let users: Vec<_> = (0..1000)
        .map(|user| {
            let orders: Vec<_> = (0..user % 4)
                .map(|order| {
                    serde_json::json!({
                        "id": user * 10 + order,
                        "item": format!("a \"thing\" of {order}"),
                        "cents": user * 37 % 10_000,
                    })
                })
                .collect();
            serde_json::json!({
                "id": user,
                "name": format!("User {user} of Malmö"),
                "email": format!("user{user}@example.org"),
                "active": user % 3 == 0,
                "score": f64::from(user) / 7.0,
                "orders": orders,
            })
        })
        .collect();
    serde_json::Value::from(users).to_string()
}
