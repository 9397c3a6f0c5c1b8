//! Which budgets and Services select the pods of each class, close together in memory: every change of a pod asks for
//! them, and in a cluster with thousands of workloads the model's own lists lie far apart.

use crate::ids::{BudgetId, ClassId, Id, IdVec, ServiceId};
use crate::model::Model;

/// The lists of all classes, one after another.
#[derive(Debug)]
pub(crate) struct Selectors {
    /// Where the lists of each class begin, and after the last class where they end.
    starts: IdVec<ClassId, (u32, u32)>,
    budgets: Vec<BudgetId>,
    services: Vec<ServiceId>,
}

impl Selectors {
    pub(crate) fn new(model: &Model) -> Self {
        let mut all = Self {
            starts: IdVec::new(),
            budgets: Vec::new(),
            services: Vec::new(),
        };
        for class in &model.classes {
            all.starts.push(all.ends());
            all.budgets.extend_from_slice(&class.budgets);
            all.services.extend_from_slice(&class.services);
        }
        all.starts.push(all.ends());
        all
    }

    fn ends(&self) -> (u32, u32) {
        (self.budgets.len() as u32, self.services.len() as u32)
    }

    /// The budgets that select a class's pods.
    #[inline]
    pub(crate) fn budgets(&self, class: ClassId) -> &[BudgetId] {
        let end = self.starts[ClassId::from_index(class.index() + 1)].0;
        &self.budgets[self.starts[class].0 as usize..end as usize]
    }

    /// The Services that select a class's pods.
    #[inline]
    pub(crate) fn services(&self, class: ClassId) -> &[ServiceId] {
        let end = self.starts[ClassId::from_index(class.index() + 1)].1;
        &self.services[self.starts[class].1 as usize..end as usize]
    }
}
