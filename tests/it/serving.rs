//! How a hub serves the internet, over real sockets. `tls`: by itself, with certificates that change. `rates`: who asks too often.
//! `headers`: what every answer tells browsers. `outgoing`: where it asks nobody. Slow clients are in `node::http::connections`.

mod headers;
mod outgoing;
mod rates;
mod tls;

use node::config::Config;
use node::hub::Hub;
use node::serving::{self, Pulling, Running};
use reqwest::Response;
use serde_json::json;
use tempfile::TempDir;
use testkit::records;

/// A hub that serves with settings of its own.
struct Served {
    running: Option<Running>,
    url: String,
    token: String,
    folder: TempDir,
}

/// A folder with a hub's settings, which begin with `[http]`.
async fn hub_in(folder: TempDir, settings: &str) -> anyhow::Result<Served> {
    let text = format!(
        "[hub]\nnetwork = \"jipp-test\"\nid = \"hub-a\"\n[search]\nenabled = false\n[http]\n{settings}"
    );
    let mut config = Config::parse(&text)?;
    config.folder = folder.path().to_owned();
    config.http.listen = "127.0.0.1:0".parse()?;
    let hub = Hub::create(config, &records::profile("Hub a")).await?;
    let token = std::fs::read_to_string(hub.config.path(&hub.config.hub.token_file))?;
    let running = serving::start(&hub, Pulling::Never).await?;
    Ok(Served {
        url: running.url(),
        running: Some(running),
        token: token.trim().to_owned(),
        folder,
    })
}

async fn hub(settings: &str) -> Served {
    let folder = tempfile::tempdir().unwrap();
    hub_in(folder, settings).await.unwrap()
}

impl Served {
    async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await.unwrap();
        }
    }

    /// Asks for the hub's name, with these headers.
    async fn ask(&self, headers: &[(&str, &str)]) -> Response {
        self.send(headers, "{ hub { name } }").await
    }

    async fn send(&self, headers: &[(&str, &str)], document: &str) -> Response {
        let client = testkit::api::client();
        let question = json!({ "query": document });
        let mut request = client.post(format!("{}/graphql", self.url)).json(&question);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}
