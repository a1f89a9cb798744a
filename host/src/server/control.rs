//! The control socket: how commands on the same machine reach the server that has the data folder. A socket in that folder,
//! which only its owner may enter. Owns both ends and what is said between them.

use std::{
    fs::{self, File, Permissions},
    io::{self, SeekFrom},
    os::{fd::AsRawFd as _, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures_util::{StreamExt as _, stream};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::Mutex,
};

use super::listen::Listener;
use crate::store::Store;

const SOCKET: &str = "control.sock";
/// One for what is asked and some for those who wait; nobody else reaches the socket.
const CONNECTIONS_MAX: usize = 4;
const CHUNK_BYTES: usize = 256 << 10;
/// What the server says of why it does something not.
const MESSAGE_BYTES_MAX: usize = 4 << 10;

/// Why the server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error(
        "another actiond has the data folder {folder} but does not listen there ({why}): try again when it is ready"
    )]
    Silent { folder: PathBuf, why: io::ErrorKind },
    #[error("the server says: {0}")]
    Refused(String),
    #[error("the server went away before the backup was whole: {0}")]
    BrokeOff(String),
    #[error("cannot write the backup ({0})")]
    Write(io::ErrorKind),
}

/// The socket's name, however long that of its folder is: the system takes 107 bytes at most. Good while the folder is open.
fn socket(folder: &File) -> PathBuf {
    format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd()).into()
}

/// Listens in `folder`, which this process has for itself.
pub(super) fn bind(folder: &Path) -> io::Result<Listener<UnixListener>> {
    // A server that was killed left its own.
    match fs::remove_file(folder.join(SOCKET)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(socket(&File::open(folder)?))?;
    fs::set_permissions(folder.join(SOCKET), Permissions::from_mode(0o600))?;
    Ok(Listener::new(listener, CONNECTIONS_MAX))
}

/// Nobody is to find a socket that nobody listens on.
pub(super) fn remove(folder: &Path) {
    // If it stays, the next start removes it.
    let _ = fs::remove_file(folder.join(SOCKET));
}

/// All that can be asked for.
pub(super) fn router(store: Store) -> Router {
    let one_at_a_time = Arc::new(Mutex::new(()));
    Router::new().route("/backup", post(backup)).with_state((store, one_at_a_time))
}

/// The backup goes into a file first: while it is made, changes wait, and they must not wait for whoever reads.
async fn backup(State((store, one_at_a_time)): State<(Store, Arc<Mutex<()>>)>) -> Response {
    let _only = one_at_a_time.lock().await;
    let spooled = store.spool_backup().await.map_err(|error| error.to_string());
    let opened = match spooled {
        Ok(file) => rewound(file).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    let (file, bytes) = match opened {
        Ok(opened) => opened,
        Err(why) => {
            tracing::error!(reason = %why, "a backup that was asked for failed");
            return (StatusCode::INTERNAL_SERVER_ERROR, why).into_response();
        }
    };
    let chunks = stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(chunk), file)))
    });
    ([(header::CONTENT_LENGTH, bytes)], Body::from_stream(chunks)).into_response()
}

async fn rewound(file: File) -> io::Result<(tokio::fs::File, u64)> {
    let mut file = tokio::fs::File::from_std(file);
    let bytes = file.metadata().await?.len();
    file.seek(SeekFrom::Start(0)).await?;
    Ok((file, bytes))
}

/// Asks the server that has `folder` for a backup and writes it to `to`. `told`: bytes so far, and of how many.
pub(crate) async fn ask_for_backup(
    folder: &Path,
    to: File,
    mut told: impl FnMut(u64, u64),
) -> Result<(), Unanswered> {
    let silent = |error: io::Error| Unanswered::Silent { folder: folder.to_owned(), why: error.kind() };
    let opened = File::open(folder).map_err(silent)?;
    let stream = UnixStream::connect(socket(&opened)).await.map_err(silent)?;
    let broke_off = |error: &dyn std::error::Error| Unanswered::BrokeOff(error.to_string());
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| broke_off(&error))?;
    // What goes wrong there is told by the answer that does not come.
    tokio::spawn(connection);
    let request = Request::post("/backup").header(header::HOST, "localhost").body(Body::empty());
    let request = request.map_err(|error| broke_off(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| broke_off(&error))?;
    let status = answer.status();
    let length = answer.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let whole = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = Body::new(answer.into_body());
    if !status.is_success() {
        let message = axum::body::to_bytes(body, MESSAGE_BYTES_MAX).await.unwrap_or_default();
        return Err(Unanswered::Refused(String::from_utf8_lossy(&message).into_owned()));
    }
    let write = |error: io::Error| Unanswered::Write(error.kind());
    let (mut chunks, mut to, mut written) = (body.into_data_stream(), tokio::fs::File::from_std(to), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| broke_off(&error))?;
        to.write_all(&chunk).await.map_err(write)?;
        written += chunk.len() as u64;
        told(written, whole);
    }
    to.sync_all().await.map_err(write)
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Asks for a backup in a folder whose name is longer than that of a socket may be.
    async fn asked(router: Router) -> Result<Vec<u8>, Unanswered> {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("n".repeat(200));
        fs::create_dir(&folder).unwrap();
        let end = CancellationToken::new();
        let serving = tokio::spawn(bind(&folder).unwrap().serve(router, end.clone()));
        assert_eq!(fs::metadata(folder.join(SOCKET)).unwrap().permissions().mode() & 0o777, 0o600);
        let to = folder.join("to");
        let asked = ask_for_backup(&folder, File::create(&to).unwrap(), |_, _| ()).await;
        end.cancel();
        serving.await.unwrap();
        remove(&folder);
        let nobody = ask_for_backup(&folder, File::create(folder.join("new")).unwrap(), |_, _| ()).await;
        assert!(matches!(nobody, Err(Unanswered::Silent { .. })), "{nobody:?}");
        asked.map(|()| fs::read(to).unwrap())
    }

    #[tokio::test]
    async fn what_is_asked_for_comes_whole_or_with_a_reason() {
        let whole = Router::new().route("/backup", post(|| async { "all of it" }));
        assert_eq!(asked(whole).await.unwrap(), b"all of it");
        let refused = post(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "the disk is full") });
        let refused = asked(Router::new().route("/backup", refused)).await.unwrap_err();
        assert_eq!(refused.to_string(), "the server says: the disk is full");
        let short = post(|| async {
            let part = stream::iter([Ok(Bytes::from_static(b"some")), Err(io::Error::other("gone"))]);
            ([(header::CONTENT_LENGTH, 9)], Body::from_stream(part))
        });
        let short = asked(Router::new().route("/backup", short)).await.unwrap_err();
        assert!(matches!(short, Unanswered::BrokeOff(_)), "{short:?}");
    }
}
