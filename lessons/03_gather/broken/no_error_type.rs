//! Nothing determines the error type of the `?` in this async block.

#[tokio::main]
async fn main() {
    let page = async {
        let response = reqwest::get("http://localhost/page/1").await?;
        let text = response.text().await?;
        Ok(text)
    };
    println!("{}", page.await.unwrap());
}
