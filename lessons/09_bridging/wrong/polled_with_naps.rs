//! Wrong: polls the future again and again, and sleeps in between.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn fetch_title(url: &str) -> Result<String> {
    let _entered = RUNTIME.enter();
    let mut title = pin!(CLIENT.title(url));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(title) = title.as_mut().poll(&mut context) {
            return title;
        }
        thread::sleep(Duration::from_micros(100));
    }
}
