//! A browser, as far as a provider needs one: it keeps cookies, follows redirects and sends forms.

use std::collections::BTreeMap;

use tidegate_http_client::{
    HeaderMap, Method, Proof, Question, Reply, Trust, Url, exchange_once,
    header::{CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, SET_COOKIE},
};

#[derive(Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes where it is sent, until that begins with `end`, whose parameters it returns.
    pub(crate) async fn sign_in(&mut self, at: &str, login: &str, end: &str) -> Parameters {
        let forms = [format!("prompt=login&login={login}&password=x"), "prompt=consent".to_owned()];
        let mut forms = forms.into_iter();
        let mut url = Url::parse(at).unwrap();
        for _ in 0..20 {
            let reply = self.ask(&url, None).await;
            let reply = match reply.status.as_u16() {
                // A page with a form.
                200 => self.ask(&url, Some(forms.next().unwrap())).await,
                _ => reply,
            };
            let location = reply.headers.get(LOCATION).unwrap_or_else(|| {
                panic!("{url}: {} {}", reply.status, String::from_utf8_lossy(&reply.body))
            });
            let location = location.to_str().unwrap();
            if location.starts_with(end) {
                return parameters(location);
            }
            url = url.join(location).unwrap();
        }
        panic!("it is sent on and on, at last to {url}");
    }

    async fn ask(&mut self, url: &Url, form: Option<String>) -> Reply {
        let mut headers = HeaderMap::new();
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        headers.insert(COOKIE, HeaderValue::from_str(&cookies).unwrap());
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let body = form.unwrap_or_default().into();
        let question = Question { method, url: url.clone(), headers, body, proof: Proof::Trusted };
        let reply = exchange_once(&Trust::default(), &question).await.unwrap();
        for cookie in reply.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }
}

pub(crate) type Parameters = BTreeMap<String, String>;

/// What stands after the `?`.
pub(crate) fn parameters(url: &str) -> Parameters {
    url::Url::parse(url).unwrap().query_pairs().into_owned().collect()
}
