//! Wrong: saves the book for every visitor.

#[instrument(skip_all)]
async fn sign(book: &Mutex<Book>) -> u32 {
    let number = {
        let mut book = book.lock().await;
        book.signed += 1;
        book.signed
    };
    save(book).await;
    number
}
