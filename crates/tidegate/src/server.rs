//! The control plane and the data plane as processes.

mod canaries;
mod clock;
mod down;
mod folder;
mod identity;
mod images;
mod log;
mod mend;
mod notifications;
mod record;
mod router;
pub(crate) mod runtimes;
mod stop;
mod store;
mod tls;
mod waiting;
mod webhooks;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
};

use tidegate_api::{Metrics, MetricsAccess, Options, ServeError};
use tidegate_controller::{ControlPlane, Ended, Pace, Ports};
use tidegate_ledger::Head;
use tidegate_metrics::{Environment, MetricClients};
use tidegate_notifier::Notifier;
use tidegate_ports::Clock;
use tidegate_router::RouterSettings;
use tidegate_runtime_process::{Launcher, ProcessSettings};
use tidegate_series::Recorder;
use tidegate_tls::Certificates;
use tokio::net::TcpListener;

pub(crate) use clock::SystemClock;
pub(crate) use down::down;
pub(crate) use store::name;

use crate::{
    JOB_KEEPER, LAUNCHER,
    args::{Global, RouterArgs, RouterKind, ServerArgs},
    error::CliError,
    open_files,
    place::{Place, ServerNote},
};

/// Threads of the server. The controller is one task; a second thread keeps the API answering
/// while it plans. More would only take memory.
const WORKERS: usize = 2;

/// Runs the control plane until it is told to stop.
pub(crate) fn run(global: &Global, args: &ServerArgs) -> Result<ExitCode, CliError> {
    log::begin(args.log_format, global.color);
    let place = Place::find(global)?;
    folder::prepare(&place)?;
    let open_files = open_files::raise();
    let settings = ProcessSettings {
        images: args.image_map.as_deref().map(images::read).transpose()?.unwrap_or_default(),
        ..ProcessSettings::new(place.folder().to_owned(), launcher(open_files)?)
    };
    // What is wrong with them is told at once, though they are read again when they are needed.
    canaries::read(&args.canary_configs)?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("tidegate")
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("no event loop could be started").because(&error))?
        .block_on(serve(&place, args, settings))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    place: &Place,
    args: &ServerArgs,
    settings: ProcessSettings,
) -> Result<(), CliError> {
    // First of all: from here on a signal stops the server in order, however far it is.
    let stop = stop::signalled()?;
    let wish = router::RouterWish::of(args)?;
    let kept_in = store::Wish::of(args)?;
    let provider = identity::provider(&args.oidc)?;
    let webhook_secrets = webhooks::secrets(&args.webhook_secret)?;
    let notifications = notifications::settings(args)?;
    let certificates = tls::certificates(&args.tls)?;
    let whereabouts = store::Whereabouts::of(place, &kept_in);
    let waiting = kept_in.waits().then(|| waiting::Waiting::note(place)).transpose();
    let waiting = waiting.map_err(|error| not_started(&error))?;
    // That nobody else leads in this folder comes before anything that another server may be using.
    let mut stop = std::pin::pin!(stop);
    let state = tokio::select! {
        () = &mut stop => return Ok(()),
        opened = store::open(place, &kept_in) => opened?,
    };
    mend::refuse_emptied(&whereabouts, &state).await?;
    // Not before: where a restore was broken off, the backup's token is still to come.
    let token = folder::token(place)?;
    let listener = tidegate_api::listen(args.listen, tls::reach(&args.tls)).await;
    let listener = listener.map_err(|error| not_started(&error).hint(listen_hint(&error)))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    wish.refuse_another(place).await?;
    let router = wish.client(place);
    let keeper = tokio::spawn(router::keep(place.clone(), wish));
    let runners = runtimes::Wish::of(args, place)?;
    let jobs = settings.clone();
    let runtime = runtimes::open(place, &runners, settings)?;
    let jobs = runtimes::jobs(place, &runners, &jobs)?;
    if state.opened_at == Head::default() && !runtime.replicas().is_empty() {
        return Err(mend::lost(&whereabouts));
    }
    router::expect(args.router, &router).await;
    let recorder = Arc::new(Recorder::default());
    let ports = Ports {
        clock: Arc::clone(&clock),
        runtime,
        router: Arc::new(router),
        store: Arc::clone(&state.port),
        metrics: Arc::new(
            MetricClients::new(Environment::read(|name| std::env::var(name).ok()))
                .with_series(Arc::clone(&recorder) as _)
                .with_plugins(args.plugin.iter().cloned().collect())
                .with_canary_configs(canaries::reader(args.canary_configs.clone())),
        ),
        jobs,
    };
    let control = ControlPlane::start(ports, Pace::default())
        .await
        .map_err(|error| mend::control(&whereabouts, &error))?;
    let recording = tokio::spawn(record::keep(control.clone(), Arc::clone(&recorder)));
    let noting = tokio::spawn(store::State::keep_noted(state.database(), place.clone()));
    let metrics = Metrics { recorder, access: access(args, &listener) };
    let note = note(&listener, (args, certificates.as_ref()), clock.as_ref(), &runners)?;
    folder::write_note(place, &note)?;
    let watching = certificates
        .as_ref()
        .map(|shown| tls::keep(shown, Arc::clone(&clock), (place.clone(), note.clone())));
    // Not before: `tidegate down` has to find this server by the one or by the other.
    drop(waiting);
    tracing::info!(address = %note.address, data = %place.folder().display(), "serving");
    let mut ended = None;
    let stopped = async {
        tokio::select! {
            () = &mut stop => {}
            why = control.ended() => ended = Some(why),
            why = state.ended() => ended = Some(Ended::Store(why)),
        }
    };
    let mut options = Options::new(token, metrics, clock);
    options.page = tidegate_page::routes();
    options.identity = provider;
    let scheme = if certificates.is_some() { "https" } else { "http" };
    options.public_url = identity::public_url(&args.oidc, scheme, note.address);
    options.webhook_secrets = webhook_secrets;
    options.courier = Arc::new(Notifier::default());
    options.notifications = notifications;
    options.status_page.clone_from(&args.status_page);
    match &certificates {
        Some(shown) => {
            options.certificate = Some(Arc::new(tls::Shown(shown.clone())));
            let listener = tls::Encrypted::new(listener, shown)?;
            tidegate_api::serve(listener, control.clone(), options, stopped).await;
        }
        None => tidegate_api::serve(listener, control.clone(), options, stopped).await,
    }
    watching.iter().for_each(tokio::task::JoinHandle::abort);
    recording.abort();
    noting.abort();
    state.release().await;
    keeper.abort();
    folder::remove_note(place);
    if let Some(why) = ended {
        return Err(mend::ended(&whereabouts, &why));
    }
    tracing::info!(
        "stopped; the router and all replicas run on, and the next server adopts them \
         (`tidegate down` stops them too)"
    );
    Ok(())
}

/// Who may ask for series: everybody on this machine, or else whoever shows a token.
fn access(args: &ServerArgs, listener: &TcpListener) -> MetricsAccess {
    let near = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    if args.metrics_with_token || !near { MetricsAccess::Token } else { MetricsAccess::Open }
}

fn note(
    listener: &TcpListener,
    (args, certificates): (&ServerArgs, Option<&Certificates>),
    clock: &dyn Clock,
    runners: &runtimes::Wish,
) -> Result<ServerNote, CliError> {
    let address = listener.local_addr().map_err(|error| not_started(&error))?;
    Ok(ServerNote {
        address: near(address),
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: clock.now(),
        runtime: Some(runners.kind),
        engine: runners.socket(),
        certificate: certificates.map(|shown| shown.state().fingerprint.to_string()),
        public_url: args.oidc.public_url.clone(),
    })
}

/// Where programs of this machine find what listens on an address.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn listen_hint(error: &ServeError) -> &'static str {
    match error {
        ServeError::NotLoopback(_) => {
            "give it a certificate with --tls-cert and --tls-key; where something else encrypts what \
             comes there, say --listen-without-tls"
        }
        ServeError::Listen { .. } => {
            "choose another address with --listen, such as 127.0.0.1:0 for any free port"
        }
    }
}

fn not_started(error: &dyn std::error::Error) -> CliError {
    CliError::failed("the server does not start").because(error)
}

/// This program, as what starts containers, each with as many open files as this one was started with.
fn launcher(open_files: Option<u64>) -> Result<Launcher, CliError> {
    let open_files = open_files.map(|limit| limit.to_string());
    let args = std::iter::once(LAUNCHER.to_owned()).chain(open_files).collect();
    Ok(Launcher { program: this_program()?, args })
}

/// This program, as what watches over a job.
fn job_keeper() -> Result<Launcher, CliError> {
    Ok(Launcher { program: this_program()?, args: vec![JOB_KEEPER.to_owned()] })
}

fn this_program() -> Result<std::path::PathBuf, CliError> {
    std::env::current_exe()
        .map_err(|error| CliError::failed("this program does not find itself").because(&error))
}

/// Runs the data plane until it is told to stop.
pub(crate) fn run_router(global: &Global, args: &RouterArgs) -> Result<ExitCode, CliError> {
    if args.detach {
        // It fails only for the leader of a group, which no terminal ends by a hang-up either.
        let _ = rustix::process::setsid();
    }
    log::begin(args.log_format, global.color);
    let place = Place::find(global)?;
    folder::prepare(&place)?;
    if args.router != RouterKind::Builtin {
        router::only_own_takes_over(args)?;
        router::keep_another(&place, args)?;
        return Ok(ExitCode::SUCCESS);
    }
    router::program(args.router, args.router_program.as_ref())?;
    let settings = RouterSettings {
        metrics: args.metrics,
        access_log: args.access_log.clone(),
        take_over: args.take_over,
        build: router::this_build(),
        ..RouterSettings::new(place.folder())
    };
    tidegate_router::serve(settings)
        .map_err(|error| CliError::failed("the router does not start").because(&error))?;
    Ok(ExitCode::SUCCESS)
}
