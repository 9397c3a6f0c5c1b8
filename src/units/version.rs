//! Kubernetes versions: `v1.20.2`, `1.36`, `v1.21.0-rc.0`.

use std::fmt;
use std::str::FromStr;

/// A Kubernetes version; skew arithmetic uses the minor number only (V-2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubeVersion(semver::Version);

impl KubeVersion {
    /// The version `v1.MINOR.PATCH`.
    #[must_use]
    pub const fn new(minor: u32, patch: u32) -> Self {
        Self(semver::Version::new(1, minor as u64, patch as u64))
    }

    /// The minor number: 20 for `v1.20.2`.
    #[must_use]
    pub fn minor(&self) -> u32 {
        u32::try_from(self.0.minor).unwrap_or(u32::MAX)
    }

    /// The patch number: 2 for `v1.20.2`.
    #[must_use]
    pub fn patch(&self) -> u32 {
        u32::try_from(self.0.patch).unwrap_or(u32::MAX)
    }

    /// Whether this is a release candidate.
    #[must_use]
    pub fn is_candidate(&self) -> bool {
        self.0.pre.starts_with("rc")
    }

    /// Whether this is an alpha, beta or release candidate.
    #[must_use]
    pub fn is_pre_release(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(v) = self;
        write!(f, "v{}.{}.{}", v.major, v.minor, v.patch)?;
        if !v.pre.is_empty() {
            write!(f, "-{}", v.pre)?;
        }
        Ok(())
    }
}

/// The text is not a version of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a Kubernetes version such as v1.34.2")]
pub struct ParseVersionError;

/// Accepts a leading `v`, a missing patch number, and build metadata (`v1.29.3+k3s1`, `v1.30.1-gke.5`).
impl FromStr for KubeVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        let full = if text.bytes().filter(|&b| b == b'.').count() == 1 {
            format!("{text}.0")
        } else {
            text.to_owned()
        };
        let version = semver::Version::parse(&full).map_err(|_| ParseVersionError)?;
        if version.major == 1 && version.minor < 1000 {
            Ok(Self(version))
        } else {
            Err(ParseVersionError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_versions_read_with_and_without_v() {
        let v: KubeVersion = "v1.20.2".parse().unwrap();
        assert_eq!((v.minor(), v.patch()), (20, 2));
        assert_eq!("1.21.0".parse::<KubeVersion>().unwrap().to_string(), "v1.21.0");
        assert_eq!("1.36".parse::<KubeVersion>().unwrap(), KubeVersion::new(36, 0));
        let candidate: KubeVersion = "v1.21.0-rc.0".parse().unwrap();
        assert!(candidate.is_pre_release() && candidate.is_candidate());
        assert!(!"v1.21.0-alpha.1".parse::<KubeVersion>().unwrap().is_candidate());
        assert!("v1.21.0-rc.0".parse::<KubeVersion>().unwrap() < KubeVersion::new(21, 0));
        for bad in ["", "one", "2.0.0", "v1", "1.2.3.4", "1.99999.0"] {
            assert!(bad.parse::<KubeVersion>().is_err(), "{bad}");
        }
    }
}
