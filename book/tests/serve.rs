//! The server, asked as a browser asks.

use book::serve;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

fn ask(at: SocketAddr, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pages_are_for_this_machine_only() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("index.html"), "<h1>the book</h1>").unwrap();
    fs::write(dir.path().join("404.html"), "<h1>not found</h1>").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = serve::router(dir.path());
    tokio::spawn(async move { axum::serve(listener, router).await });

    tokio::task::spawn_blocking(move || {
        let page = ask(at, "/", &at.to_string());
        assert!(
            page.starts_with("HTTP/1.1 200") && page.ends_with("the book</h1>"),
            "{page}"
        );
        assert!(page.contains("cache-control: no-cache"), "{page}");
        let gone = ask(at, "/gone.html", "localhost");
        assert!(
            gone.starts_with("HTTP/1.1 404") && gone.ends_with("not found</h1>"),
            "{gone}"
        );
        let above = ask(at, "/../../etc/passwd", "localhost");
        assert!(!above.starts_with("HTTP/1.1 200"), "{above}");
        let foreign = ask(at, "/", "evil.test");
        assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    })
    .await
    .unwrap();
}
