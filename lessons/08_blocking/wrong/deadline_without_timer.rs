//! Wrong: compares the time whenever it is polled, but nothing wakes it at the deadline.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let start = Instant::now();
        let mut hashed = pin!(async {
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                drop(permit);
                hash
            });
            call.await?
        });
        let polled = poll_fn(|context| match start.elapsed() < DEADLINE {
            true => hashed.as_mut().poll(context).map(Some),
            false => Poll::Ready(None),
        });
        polled.await.context("hashing took too long")?
    }
}
