//! A server that an analysis asks for a number, and what may be wrong with it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::script::Answer;

/// Where it is asked. Nobody else is in this world.
pub(crate) const ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8900);

/// Longer than anybody waits for a number.
const LATE: Duration = Duration::from_secs(20);

/// How it answers, which may be changed while it does.
#[derive(Clone, Default)]
pub(crate) struct Metric(Arc<Mutex<Option<Answer>>>);

impl Metric {
    /// From now on it answers so; nothing is well.
    pub(crate) fn set(&self, answer: Option<Answer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// Answers for ever.
    pub(crate) async fn serve(self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(ADDRESS).await?;
        loop {
            // One that could not be taken is one that nobody waits for any more.
            if let Ok((stream, _)) = listener.accept().await {
                let answer = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
                tokio::spawn(talk(stream, answer));
            }
        }
    }
}

async fn talk(mut stream: TcpStream, answer: Option<Answer>) -> std::io::Result<()> {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await?;
    let asked = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
    let (status, body) = match answer {
        None => ("200 OK", "{\"value\": 1}".to_owned()),
        Some(Answer::Gone) => return Ok(()),
        Some(Answer::Late) => {
            sleep(LATE).await;
            ("200 OK", "{\"value\": 1}".to_owned())
        }
        // It says back what it was told, the password too.
        Some(Answer::Nonsense) => ("200 OK", format!("<html>{asked}</html>")),
        Some(Answer::Error) => ("500 Oh", format!("{{\"told\": {asked:?}}}")),
        Some(Answer::NotANumber) => ("200 OK", "{\"value\": \"NaN\"}".to_owned()),
        Some(Answer::CutOff) => ("200 OK", "{\"val".to_owned()),
    };
    let length = if answer == Some(Answer::CutOff) { 4096 } else { body.len() };
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}
