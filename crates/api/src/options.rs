use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use tidegate_notify::Letter;
use tidegate_ports::{Again, Clock, Courier, IdentityProvider, Undelivered};

use crate::{
    NotificationSettings, auth::Token, limits::Limits, listen::Certificate, prometheus::Metrics,
    webhooks::WebhookSecrets,
};

/// What the API is given beside the control plane.
pub struct Options {
    /// What the owner of the data folder shows.
    pub token: Token,
    /// The series, and who may see them.
    pub metrics: Metrics,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The page, which everybody gets: no token is asked for there.
    pub page: Router,
    /// What the address of this server begins with in browsers; without it, it is on this machine.
    pub public_url: Option<String>,
    /// Who knows people. They come back to the public URL.
    pub identity: Option<Arc<dyn IdentityProvider>>,
    /// What forges sign their webhooks with.
    pub webhook_secrets: WebhookSecrets,
    /// What brings notifications to their receivers.
    pub courier: Arc<dyn Courier>,
    /// Where the settings of notifications are.
    pub notifications: NotificationSettings,
    /// What the public status page is called, if there is one.
    pub status_page: Option<String>,
    /// What is shown to whoever connects, where TLS is spoken.
    pub certificate: Option<Arc<dyn Certificate>>,
    /// What clients may take of the server.
    pub limits: Limits,
}

impl Options {
    /// Those without which there is no API; everything else is off.
    pub fn new(token: Token, metrics: Metrics, clock: Arc<dyn Clock>) -> Self {
        Self {
            token,
            metrics,
            clock,
            page: Router::new(),
            public_url: None,
            identity: None,
            webhook_secrets: WebhookSecrets::default(),
            courier: Arc::new(Nobody),
            notifications: NotificationSettings::default(),
            status_page: None,
            certificate: None,
            limits: Limits::default(),
        }
    }
}

/// Brings nothing.
struct Nobody;

#[async_trait]
impl Courier for Nobody {
    async fn bring(&self, _: &Letter) -> Result<(), Undelivered> {
        let problem = "this server has nothing that delivers".to_owned();
        Err(Undelivered { problem, answer: None, again: Again::Never })
    }
}
