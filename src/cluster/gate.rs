//! The gate that every write passes: is there an API server that answers this client?

use crate::ids::InstanceId;
use crate::rng::Stream;
use crate::trace::VersionId;

/// Leave to write once. Only the gate hands it out, so what compiles has asked.
#[derive(Debug)]
pub(crate) struct Permit(());

impl Permit {
    /// Leave to arrange the initial conditions, before time starts.
    pub(super) const fn before_time() -> Self {
        Self(())
    }
}

/// No API server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// One API server, as clients meet it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Server {
    /// Requests to it succeed: the process listens and its etcd answers.
    pub(crate) works: bool,
    /// The load balancer sends requests to it.
    pub(crate) listed: bool,
    /// The version of its process, or of the last one.
    pub(crate) version: VersionId,
}

/// What is reachable now. Only the control-plane room changes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    /// The API servers.
    pub(crate) servers: Vec<Server>,
    /// The one that gets all requests, where a virtual address leads to one at a time.
    pub(crate) holder: Option<usize>,
    /// How often connections to one of them broke.
    pub(crate) breaks: u64,
    /// The controller manager that leads and acts.
    pub(crate) controller_manager: Option<InstanceId>,
    /// The scheduler that leads and acts.
    pub(crate) scheduler: Option<InstanceId>,
    /// The door of the acting controller manager.
    pub(crate) controller_manager_door: usize,
    /// The door of the acting scheduler.
    pub(crate) scheduler_door: usize,
    /// Minor versions of the components that act: they decide how (semantics 0.3).
    pub(crate) minors: Minors,
}

/// Minor versions of the components that act.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Minors {
    pub(crate) api_server: u32,
    pub(crate) controller_manager: u32,
    pub(crate) scheduler: u32,
}

impl Gate {
    /// Whether some API server works.
    pub(crate) fn available(&self) -> bool {
        self.servers.iter().any(|s| s.works)
    }

    /// Leave for who comes through the load balancer: kubelets, kubectl, kubeadm (K-19). `luck` decides which server it
    /// picks.
    pub(crate) fn admit(&self, luck: &mut Stream) -> Result<Permit, Unavailable> {
        let works = if self.servers.len() == 1 {
            self.servers[0].works
        } else {
            self.picked(luck).works
        };
        if works { Ok(Permit(())) } else { Err(Unavailable) }
    }

    /// Leave for the controllers: only while a controller manager leads, acts and reaches its own API server.
    pub(crate) fn admit_controllers(&self) -> Result<Permit, Unavailable> {
        match self.controller_manager {
            Some(_) if self.servers[self.controller_manager_door].works => Ok(Permit(())),
            _ => Err(Unavailable),
        }
    }

    /// Leave for the scheduler: only while one leads, acts and reaches its API server.
    pub(crate) fn admit_scheduler(&self) -> Result<Permit, Unavailable> {
        match self.scheduler {
            Some(_) if self.servers[self.scheduler_door].works => Ok(Permit(())),
            _ => Err(Unavailable),
        }
    }

    /// A virtual address moves on where its holder is not listed any more.
    pub(crate) fn move_on(&mut self) {
        let Some(holder) = self.holder else { return };
        let servers = self.servers.len();
        let mut next = (holder..holder + servers).map(|i| i % servers);
        self.holder = next.find(|&i| self.servers[i].listed).or(Some(holder));
    }

    fn picked(&self, luck: &mut Stream) -> Server {
        if let Some(holder) = self.holder {
            return self.servers[holder];
        }
        let listed = self.servers.iter().filter(|s| s.listed);
        let count = u32::try_from(listed.clone().count()).unwrap_or(0);
        if count == 0 {
            return Server::default();
        }
        let nth = luck.below(count) as usize;
        if count as usize == self.servers.len() {
            return self.servers[nth];
        }
        listed.copied().nth(nth).unwrap_or_default()
    }
}
