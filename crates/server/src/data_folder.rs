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
    /// What everything at rest is sealed under.
    pub(crate) master_key: MasterKey,
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

/// The secrets given, or in development those in the data folder, made where they are missing.
pub(crate) fn secrets(settings: &Settings, entropy: &dyn Entropy) -> Result<Secrets, DataFolderError> {
    let path = master_key_file(settings);
    if settings.master_key_file.is_none() {
        let key = MasterKey::generate(entropy)?.to_base64();
        make_file("master key", &path, &key)?;
    }
    let master_key = master_key(&path)?;
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
        let first = secrets(&settings, &SystemEntropy).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("master.key")), 0o600);
        assert_eq!(mode(&folder.join("admin.secret")), 0o600);
        assert!(read_admin_secret(&folder.join("admin.secret")).unwrap().len() >= 32);
        let second = secrets(&settings, &SystemEntropy).unwrap();
        assert_eq!(first.master_key.id(), second.master_key.id());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
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
