//! How facts hold a violation of the version skew policy.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::versions::skew::{Breach, Part, Rule, Running, Violation};

/// Who breaks which rule, and how, without strings: minors and how far they are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skew {
    /// The rule.
    pub rule: Rule,
    /// What breaks it.
    pub part: Part,
    /// Its node; `None` for what runs outside of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// Its minor.
    pub minor: u16,
    /// What it is too far from.
    pub from: Apart,
    /// The minor of that.
    pub other: u16,
    /// So many minors are allowed.
    pub allowed: u8,
}

/// What a version is too far from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Apart {
    /// It is too new for the oldest API server.
    OldestApiServer,
    /// It is too old for the newest API server.
    NewestApiServer,
    /// It is too far from the kubelet of its node.
    Kubelet,
}

impl Skew {
    /// A violation as facts hold it.
    #[must_use]
    pub fn of(violation: &Violation<NodeId>) -> Self {
        let small = |minor: u32| u16::try_from(minor).unwrap_or(u16::MAX);
        let (from, other, allowed) = match violation.breach {
            Breach::TooNew { than, allowed } => (Apart::OldestApiServer, than, allowed),
            Breach::TooOld { than, allowed } => (Apart::NewestApiServer, than, allowed),
            Breach::FarFromKubelet { kubelet, allowed } => (Apart::Kubelet, kubelet, allowed),
        };
        Self {
            rule: violation.rule,
            part: violation.who.part,
            node: violation.who.host,
            minor: small(violation.who.minor),
            from,
            other: small(other),
            allowed: u8::try_from(allowed).unwrap_or(u8::MAX),
        }
    }

    /// The violation.
    #[must_use]
    pub fn violation(&self) -> Violation<NodeId> {
        let (other, allowed) = (u32::from(self.other), u32::from(self.allowed));
        Violation {
            rule: self.rule,
            who: Running::new(self.part, self.node, u32::from(self.minor)),
            breach: match self.from {
                Apart::OldestApiServer => Breach::TooNew { than: other, allowed },
                Apart::NewestApiServer => Breach::TooOld { than: other, allowed },
                Apart::Kubelet => Breach::FarFromKubelet {
                    kubelet: other,
                    allowed,
                },
            },
        }
    }
}
