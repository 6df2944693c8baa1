//! Throw-away projects.

use std::path::{Path, PathBuf};

/// A project in a directory of its own, deleted at the end of the test.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty project.
    pub fn new() -> Project {
        let folder = tempfile::Builder::new()
            .prefix("pgplumb-test-")
            .tempdir()
            .expect("a folder can be made");
        let project = Project { folder };
        std::fs::create_dir(project.path().join("migrations")).expect("a folder can be made");
        project
    }

    /// A copy of the shipped project: those of its files whose names contain `part`.
    pub fn shipped(part: &str) -> Project {
        let project = Project::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["migrations", "rollback", "checks"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("the shipped project is there") {
                let path = entry.expect("it can be listed").path();
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .expect("names are UTF-8")
                    .to_string();
                if name.contains(part) || (part.is_empty() && !name.starts_with('.')) {
                    let text = std::fs::read(&path).expect("it can be read");
                    project.write(&format!("{folder}/{name}"), text);
                }
            }
        }
        let settings = std::fs::read(root.join("pgplumb.toml")).expect("the shipped project has settings");
        project.with("pgplumb.toml", settings)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    /// The same, for chains.
    pub fn with(self, path: &str, text: impl AsRef<[u8]>) -> Project {
        self.write(path, text);
        self
    }

    pub fn remove(&self, path: &str) {
        std::fs::remove_file(self.path().join(path)).expect("the file is there");
    }
}
