//! Nobody says which error the `?` in this async block returns.

#[tokio::main]
async fn main() {
    let page = async {
        let answer = reqwest::get("http://localhost/page/1").await?;
        let text = answer.text().await?;
        Ok(text)
    };
    println!("{}", page.await.unwrap());
}
