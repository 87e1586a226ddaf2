//! The HTTP client of a check.

use reqwest::{Client, ClientBuilder};

/// Returns a builder of clients for servers of the check, by HTTP, and without a proxy.
///
/// It also does without the system's certificates, whose loading takes longer than
/// everything else in a small run.
///
/// ```
/// use async_workbook::{check, web};
///
/// check::on_paused_clock(async {
///     let server = web::Server::start().await?;
///     let client = check::client().build()?;
///     let response = client.get(server.url("/health")).send().await?;
///     check::that(response.status() == 200, "no response.")
/// })
/// # .unwrap();
/// ```
///
/// Start a [`Server`](crate::web::Server) before you build one: it installs the provider
/// that a client needs.
pub fn client() -> ClientBuilder {
    Client::builder().no_proxy().tls_certs_only([])
}
