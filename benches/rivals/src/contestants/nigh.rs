//! Nigh, as a user gets it: a database in a folder, durable writes, `optimize`, searches by `Effort::Ef`.

use ::nigh::Effort;
use nigh_capi::{GraphParams, Subject};
use tempfile::TempDir;

use super::Contestant;
use crate::set::Set;

pub(super) struct Nigh {
    subject: Subject,
    queries: Vec<f32>,
    effort: Effort,
    /// Last field: removed when the database is closed.
    _dir: TempDir,
}

impl Nigh {
    pub(super) fn build(set: &Set, graph: GraphParams) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let subject = Subject::build(dir.path(), &set.base, set.dim, set.metric.metric(), graph, 1)?;
        Ok(Self { subject, queries: set.queries.clone(), effort: Effort::default(), _dir: dir })
    }
}

impl Contestant for Nigh {
    fn set_ef(&mut self, ef: usize) {
        self.effort = Effort::Ef(ef);
    }

    fn search(&self, query: usize, out: &mut [u32]) -> anyhow::Result<()> {
        let dim = self.subject.dim();
        Ok(self.subject.search(&self.queries[query * dim..][..dim], self.effort, out)?)
    }
}
