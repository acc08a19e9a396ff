//! Disks of our own to fill and to cut the power of: a size goes in, a mounted folder comes out. Needs root and `mount`; where that is not to be
//! had, [`Disk::ext4`] and [`Disk::tmpfs`] say so and give `None`.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; unmounted when dropped.
pub(crate) struct Disk {
    folder: PathBuf,
    /// Number of the image that is mounted; each power cut makes another one.
    image: u64,
    options: String,
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", text.trim())) }
}

fn skipped<T>(result: Result<T, String>) -> Option<T> {
    result.inspect_err(|why| println!("skipped: no disk of our own can be mounted here ({why})")).ok()
}

impl Disk {
    /// An ext4 of `mib` MiB below `folder`, on a loop device.
    pub(crate) fn ext4(folder: &Path, mib: u64, options: &str) -> Option<Self> {
        let disk = Self { folder: folder.to_owned(), image: 0, options: format!("loop,{options}") };
        let make = || {
            let image = std::fs::File::create_new(disk.image_path()).map_err(|e| e.to_string())?;
            image.set_len(mib << 20).map_err(|e| e.to_string())?;
            run("mkfs.ext4", &["-q", "-F", "-m", "0", &disk.image_path().display().to_string()])?;
            disk.mount()
        };
        skipped(make()).map(|()| disk)
    }

    /// A tmpfs of `mib` MiB below `folder`.
    pub(crate) fn tmpfs(folder: &Path, mib: u64) -> Option<Self> {
        let disk = Self { folder: folder.to_owned(), image: 0, options: String::new() };
        let mounted = std::fs::create_dir(disk.path()).map_err(|e| e.to_string()).and_then(|()| {
            run(
                "mount",
                &["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs", &disk.path().display().to_string()],
            )
        });
        skipped(mounted).map(|()| disk)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(format!("mounted-{}", self.image))
    }

    fn image_path(&self) -> PathBuf {
        self.folder.join(format!("image-{}", self.image))
    }

    fn mount(&self) -> Result<(), String> {
        std::fs::create_dir(self.path()).map_err(|e| e.to_string())?;
        run(
            "mount",
            &[
                "-o",
                &self.options,
                &self.image_path().display().to_string(),
                &self.path().display().to_string(),
            ],
        )
    }

    /// No more writes from now on.
    pub(crate) fn make_read_only(&self) {
        run("mount", &["-o", "remount,ro", &self.path().display().to_string()]).expect("remount");
    }

    /// Cuts the power of an ext4: what had not reached the device is gone. The path changes.
    pub(crate) fn cut(&mut self) {
        let (image, mounted) = (self.image_path(), self.path());
        let next = self.folder.join(format!("image-{}", self.image + 1));
        std::fs::copy(&image, next).expect("copy the image");
        run("umount", &[&mounted.display().to_string()]).expect("unmount");
        std::fs::remove_file(image).expect("remove the old image");
        self.image += 1;
        self.mount().expect("mount what the cut left");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(why) = run("umount", &["--lazy", &self.path().display().to_string()]) {
            println!("{why}");
        }
    }
}
