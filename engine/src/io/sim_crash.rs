//! What a power cut leaves: the state of a [`SimVfs`] goes in, another one with a possible aftermath comes out.
//!
//! Everything synced is there. Of everything else, any combination may be: each 512-byte sector of each unsynced write for itself, each
//! change of length for itself, each change of a name for itself (a rename happens as a whole). Fault model: docs/RELIABILITY.md.

use super::SimVfs;
use super::sim::{FileChange, NameChange, Names, Node, NodeId, State, apply_write};
use std::collections::BTreeMap;
use std::sync::Arc;

const SECTOR: u64 = 512;

/// Which of the unsynced changes survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashMode {
    /// None: the disk held everything back.
    Nothing,
    /// All: as after kill -9, where the page cache lives on.
    Everything,
    /// New lengths but no new data: files read as zeros where they grew.
    LengthsOnly,
    /// Each change and each sector by a coin, from this seed.
    Random(u64),
    /// As `Random`, but names all survive: tears data under files that are reachable.
    Torn(u64),
}

impl SimVfs {
    /// The files as a power cut at this moment could leave them. The original goes on unharmed.
    pub fn crash(&self, mode: CrashMode) -> SimVfs {
        let seed = match mode {
            CrashMode::Random(seed) | CrashMode::Torn(seed) => seed,
            CrashMode::Nothing | CrashMode::Everything | CrashMode::LengthsOnly => 0,
        };
        let mut image = Image { mode, coin: Coin(seed), nodes: Vec::new(), moved: BTreeMap::new() };
        let state = self.state.lock();
        image.copy(&state, 0);
        SimVfs::from_nodes(image.nodes)
    }
}

impl SimVfs {
    /// The files after kill -9 at this moment: the page cache lives on, and what was not synced still is not. Locks are gone.
    pub fn kill(&self) -> SimVfs {
        SimVfs::from_nodes(self.state.lock().nodes.clone())
    }
}

struct Image {
    mode: CrashMode,
    coin: Coin,
    nodes: Vec<Node>,
    moved: BTreeMap<NodeId, NodeId>,
}

/// splitmix64: enough randomness for coins, the same on every machine.
struct Coin(u64);

impl Coin {
    fn flip(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) & 1 == 1
    }
}

impl Image {
    /// Copies a node and, for a folder, what is below it; its place in the image.
    fn copy(&mut self, state: &State, node: NodeId) -> NodeId {
        if let Some(done) = self.moved.get(&node) {
            return *done;
        }
        let place = self.nodes.len();
        self.moved.insert(node, place);
        match state.nodes.get(node) {
            Some(Node::File { synced, pending, .. }) => {
                let content = if pending.is_empty() {
                    Arc::clone(synced)
                } else {
                    Arc::new(self.content(synced, pending))
                };
                self.nodes.push(Node::File {
                    synced: Arc::clone(&content),
                    pending: Vec::new(),
                    current: content,
                });
            }
            Some(Node::Dir { synced, pending, .. }) => {
                self.nodes.push(Node::Dir {
                    synced: Names::new(),
                    pending: Vec::new(),
                    current: Names::new(),
                });
                let names = self.names(synced, pending);
                let names: Names =
                    names.into_iter().map(|(name, node)| (name, self.copy(state, node))).collect();
                if let Some(Node::Dir { synced, current, .. }) = self.nodes.get_mut(place) {
                    synced.clone_from(&names);
                    *current = names;
                }
            }
            None => {}
        }
        place
    }

    fn content(&mut self, synced: &[u8], pending: &[FileChange]) -> Vec<u8> {
        let mut content = synced.to_vec();
        for change in pending {
            match change {
                FileChange::Len(len) => {
                    if self.mode != CrashMode::Nothing && (self.keeps_all() || self.coin.flip()) {
                        content.resize(usize::try_from(*len).unwrap_or(usize::MAX), 0);
                    }
                }
                FileChange::Write { offset, bytes } => self.write(&mut content, *offset, bytes),
            }
        }
        content
    }

    fn keeps_all(&self) -> bool {
        matches!(self.mode, CrashMode::Everything | CrashMode::LengthsOnly)
    }

    fn write(&mut self, content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
        let end = offset + bytes.len() as u64;
        match self.mode {
            CrashMode::Nothing => {}
            CrashMode::Everything => apply_write(content, offset, bytes),
            CrashMode::LengthsOnly => {
                let len = usize::try_from(end).unwrap_or(usize::MAX).max(content.len());
                content.resize(len, 0);
            }
            CrashMode::Random(_) | CrashMode::Torn(_) => {
                let mut at = offset;
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    let range = (at - offset) as usize..(next - offset) as usize;
                    if self.coin.flip() {
                        apply_write(content, at, bytes.get(range).unwrap_or_default());
                    }
                    at = next;
                }
            }
        }
    }

    fn names(&mut self, synced: &Names, pending: &[NameChange]) -> Names {
        let mut names = synced.clone();
        for change in pending {
            let keep = match self.mode {
                CrashMode::Nothing => false,
                CrashMode::Everything | CrashMode::LengthsOnly | CrashMode::Torn(_) => true,
                CrashMode::Random(_) => self.coin.flip(),
            };
            if !keep {
                continue;
            }
            match change {
                NameChange::Link { name, node } => drop(names.insert(name.clone(), *node)),
                NameChange::Unlink { name } => drop(names.remove(name)),
                NameChange::Rename { from, to, node } => {
                    names.remove(from);
                    names.insert(to.clone(), *node);
                }
            }
        }
        names
    }
}
