//! The folder of what the service keeps itself: the SQLite file, the master key, the admin secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portico_auth::{AdminSecret, Entropy, EntropyError, MasterKey, MasterKeyError};

use crate::Settings;
use crate::configuration::DatabaseUrl;

/// Why a file of the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// The folder cannot be made.
    #[error("cannot make the data folder {} (PORTICO_DATA_DIR): {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {} ({name}): {source}", path.display())]
    Read {
        /// What the file is for.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be made.
    #[error("cannot make {} ({name}): {source}", path.display())]
    Make {
        /// What the file is for.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file of the master key holds something else.
    #[error("{} (master key): {source}; one is made by: head -c 32 /dev/urandom | base64", path.display())]
    MasterKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MasterKeyError,
    },
    /// The key that everything is sealed under is not there; another would be of no use.
    #[error(
        "the database is sealed under the master key {id}, and {} is missing: put it back, or say where it is in \
         PORTICO_MASTER_KEY_FILE; without it, what is sealed is lost",
        path.display()
    )]
    MasterKeyMissing {
        /// The id of the key.
        id: String,
        /// Where it was.
        path: PathBuf,
    },
    /// The file of the admin secret is empty.
    #[error("{} (admin secret) is empty: delete it, and a new one is made", path.display())]
    NoAdminSecret {
        /// The file.
        path: PathBuf,
    },
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The two secrets an operator keeps.
pub(crate) struct Secrets {
    /// What everything at rest is sealed under; none yet in a data folder that is new, or has lost it.
    pub(crate) master_key: Option<MasterKey>,
    /// What makes a request an administrator's.
    pub(crate) admin_secret: AdminSecret,
}

/// Makes the folder for its owner only, where something will be kept in it.
pub(crate) fn make(settings: &Settings) -> Result<(), DataFolderError> {
    let elsewhere = !matches!(settings.database_url, DatabaseUrl::Sqlite(None));
    if elsewhere && settings.master_key_file.is_some() && settings.admin_secret.is_some() {
        return Ok(());
    }
    let path = &settings.data_dir;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| DataFolderError::Folder {
        path: path.clone(),
        source,
    })
}

/// The secrets given, or in development those in the data folder. An admin secret is made where it is missing; whether
/// a master key may be made, the database tells.
pub(crate) fn secrets(settings: &Settings, entropy: &dyn Entropy) -> Result<Secrets, DataFolderError> {
    let path = master_key_file(settings);
    let is_there = settings.master_key_file.is_some() || path.exists();
    let master_key = is_there.then(|| master_key(&path)).transpose()?;
    let admin_secret = match &settings.admin_secret {
        Some(secret) => AdminSecret::new(secret.reveal()),
        None => {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes)?;
            let path = admin_secret_file(settings);
            make_file("admin secret", &path, &URL_SAFE_NO_PAD.encode(bytes))?;
            AdminSecret::new(&read_admin_secret(&path)?)
        }
    };
    Ok(Secrets {
        master_key,
        admin_secret,
    })
}

/// Makes a master key in the data folder for a database that is sealed under none.
pub(crate) fn make_master_key(
    settings: &Settings,
    sealed_under: Option<String>,
    entropy: &dyn Entropy,
) -> Result<MasterKey, DataFolderError> {
    let path = master_key_file(settings);
    // Another process may have made it just now.
    match sealed_under.filter(|_| !path.exists()) {
        Some(id) => Err(DataFolderError::MasterKeyMissing { id, path }),
        None => {
            make_file("master key", &path, &MasterKey::generate(entropy)?.to_base64())?;
            master_key(&path)
        }
    }
}

/// Where the master key is.
pub(crate) fn master_key_file(settings: &Settings) -> PathBuf {
    settings
        .master_key_file
        .clone()
        .unwrap_or_else(|| settings.data_dir.join("master.key"))
}

/// Where the admin secret is if none is given.
pub(crate) fn admin_secret_file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("admin.secret")
}

/// Reads the master key.
pub(crate) fn master_key(path: &Path) -> Result<MasterKey, DataFolderError> {
    let text = read("master key", path)?;
    MasterKey::from_base64(&text).map_err(|source| DataFolderError::MasterKey {
        path: path.to_owned(),
        source,
    })
}

/// Reads the admin secret of the data folder.
pub(crate) fn read_admin_secret(path: &Path) -> Result<String, DataFolderError> {
    let secret = read("admin secret", path)?.trim().to_owned();
    if secret.is_empty() {
        return Err(DataFolderError::NoAdminSecret {
            path: path.to_owned(),
        });
    }
    Ok(secret)
}

/// Whether others than the owner may read a file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

fn read(name: &'static str, path: &Path) -> Result<String, DataFolderError> {
    std::fs::read_to_string(path).map_err(|source| DataFolderError::Read {
        name,
        path: path.to_owned(),
        source,
    })
}

/// Makes a file for its owner only, unless it exists. Another process that starts at the same time sees all of
/// it or nothing.
fn make_file(name: &'static str, path: &Path, text: &str) -> Result<(), DataFolderError> {
    if path.exists() {
        return Ok(());
    }
    let made = || -> io::Result<()> {
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // The name is durable once its folder is: a key that is lost makes the database unreadable.
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    made().map_err(|source| DataFolderError::Make {
        name,
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn settings(folder: &Path, more: &[(&str, &str)]) -> Settings {
        let own = [("PORTICO_DATA_DIR", folder.to_str().unwrap())];
        let variables = own
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(["portico"], variables, None).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_missing_is_made_for_its_owner_alone_and_kept() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let settings = settings(&folder, &[]);
        make(&settings).unwrap();
        assert!(secrets(&settings, &SystemEntropy).unwrap().master_key.is_none());
        let first = make_master_key(&settings, None, &SystemEntropy).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("master.key")), 0o600);
        assert_eq!(mode(&folder.join("admin.secret")), 0o600);
        assert!(read_admin_secret(&folder.join("admin.secret")).unwrap().len() >= 32);
        let second = secrets(&settings, &SystemEntropy).unwrap().master_key.unwrap();
        assert_eq!(first.id(), second.id());
        let third = make_master_key(&settings, first.id().ok(), &SystemEntropy).unwrap();
        assert_eq!(first.id(), third.id());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn no_key_is_made_beside_a_database_that_is_sealed_under_one() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &[]);
        let refusal = make_master_key(&settings, Some("0f".to_owned()), &SystemEntropy)
            .err()
            .unwrap();
        let told = refusal.to_string();
        assert!(
            told.contains("master key 0f") && told.contains("master.key is missing"),
            "{told}"
        );
        assert!(!folder.path().join("master.key").exists());
    }

    #[test]
    fn a_file_that_exists_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.secret");
        std::fs::write(&path, "mine").unwrap();
        make_file("admin secret", &path, "other").unwrap();
        assert_eq!(read_admin_secret(&path).unwrap(), "mine");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(
            read_admin_secret(&path),
            Err(DataFolderError::NoAdminSecret { .. })
        ));
    }

    #[test]
    fn a_key_file_that_was_given_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given.key");
        let given = settings(
            folder.path(),
            &[("PORTICO_MASTER_KEY_FILE", path.to_str().unwrap())],
        );
        assert!(matches!(
            secrets(&given, &SystemEntropy),
            Err(DataFolderError::Read { .. })
        ));
        std::fs::write(&path, "not a key").unwrap();
        let refusal = secrets(&given, &SystemEntropy).err().unwrap().to_string();
        assert!(
            refusal.contains("given.key") && !refusal.contains("not a key"),
            "{refusal}"
        );
    }

    #[test]
    fn where_everything_is_elsewhere_no_folder_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let given = [
            ("PORTICO_DATABASE_URL", "postgres://database/x"),
            ("PORTICO_MASTER_KEY_FILE", "/run/key"),
            ("PORTICO_ADMIN_SECRET", "secret"),
        ];
        make(&settings(&folder, &given)).unwrap();
        assert!(!folder.exists());
    }
}
