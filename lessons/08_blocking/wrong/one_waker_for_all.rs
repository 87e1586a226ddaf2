//! Wrong: all callers share one waker, so only the one that was polled last is woken.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use futures::task::AtomicWaker;

struct Hasher {
    places: Arc<AtomicUsize>,
    waker: Arc<AtomicWaker>,
}

impl Hasher {
    fn new(limit: usize) -> Self {
        Self { places: Arc::new(limit.into()), waker: Arc::default() }
    }

    async fn hash(&self, upload: String) -> Result<String> {
        let take = |places: usize| places.checked_sub(1);
        let hashed = async {
            let place = poll_fn(|context| {
                self.waker.register(context.waker());
                match self.places.fetch_update(SeqCst, SeqCst, take) {
                    Ok(_) => Poll::Ready(()),
                    Err(_) => Poll::Pending,
                }
            });
            place.await;
            let (places, waker) =
                (Arc::clone(&self.places), Arc::clone(&self.waker));
            let call = spawn_blocking(move || {
                let hash = uploads::hash(&upload);
                places.fetch_add(1, SeqCst);
                waker.wake();
                hash
            });
            call.await?
        };
        timeout(DEADLINE, hashed).await.context("hashing took too long")?
    }
}
