//! What follows from a workflow and the state of a run, and is never written down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate_expression::Value;

use crate::model::{Secrets, Workflow};
use crate::place::Place;
use crate::state::{FrameState, JobKey, JobResult, JobState, RunState};

/// What a run knows of its jobs beside what has become of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    pub(crate) frames: Vec<Frame>,
    pub(crate) nodes: Vec<Node>,
}

/// A workflow that runs.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) workflow: Arc<Workflow>,
    /// How many of its jobs are not over.
    pub(crate) open: usize,
    /// How many called it and each other.
    pub(crate) depth: usize,
}

/// A job in a workflow that runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) frame: usize,
    /// Its number in the workflow.
    pub(crate) index: usize,
    /// The jobs that it needs.
    pub(crate) needs: Vec<usize>,
    /// The jobs that need it.
    pub(crate) dependents: Vec<usize>,
    /// How many that it needs are not over.
    pub(crate) left: usize,
    /// What those that it needs came to, and those that they need.
    pub(crate) before: Results,
    /// How many of its jobs are not over.
    pub(crate) open: usize,
    /// How many of its jobs have a place among those that run at once.
    pub(crate) running: usize,
    /// The first of its jobs that may not have begun.
    pub(crate) next: usize,
    /// What it sees of those that it needs, from when they are over until it is.
    pub(crate) sees: Option<Value>,
    /// What those that need it see of it, once it is over.
    pub(crate) told: Option<Value>,
}

/// Which results there are among several jobs, beside success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) failed: bool,
    /// One was cancelled or skipped.
    pub(crate) other: bool,
}

/// Why a run cannot begin, or cannot be taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A job needs one that does not exist.
    #[error("{place}: Job '{job}' depends on unknown job '{need}'.")]
    UnknownNeed {
        /// Where.
        place: Place,
        /// Which job.
        job: String,
        /// What it needs.
        need: String,
    },
    /// A job needs itself, by others that it needs.
    #[error(
        "{place}: Job '{job}' depends on job '{need}' which creates a cycle in the dependency graph."
    )]
    Circle {
        /// Where.
        place: Place,
        /// Which job.
        job: String,
        /// What it needs.
        need: String,
    },
    /// Two jobs have one id.
    #[error("{place}: '{job}' is already defined")]
    Duplicate {
        /// Where.
        place: Place,
        /// Their id.
        job: String,
    },
    /// The state is not one of this workflow.
    #[error("the state is not one of this workflow: {0}")]
    Foreign(&'static str),
}

impl Results {
    pub(crate) fn add(&mut self, result: JobResult) {
        match result {
            JobResult::Success => {}
            JobResult::Failure => self.failed = true,
            JobResult::Cancelled | JobResult::Skipped => self.other = true,
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.failed |= other.failed;
        self.other |= other.other;
    }

    /// Whether all of them did what they were to do.
    pub(crate) const fn all_success(self) -> bool {
        !self.failed && !self.other
    }
}

impl Graph {
    pub(crate) fn new(workflow: &Arc<Workflow>, state: &RunState) -> Result<Self, StartError> {
        let mut graph = Self::default();
        for (number, frame) in state.frames.iter().enumerate() {
            let workflow = match frame.caller {
                None => workflow.clone(),
                Some(caller) => graph
                    .called(caller)
                    .ok_or(StartError::Foreign("a job that called a workflow calls none now"))?,
            };
            if frame.first != graph.nodes.len() {
                return Err(StartError::Foreign("it has other jobs"));
            }
            graph.add(workflow, number, frame)?;
        }
        if graph.nodes.len() != state.jobs.len() {
            return Err(StartError::Foreign("it has more jobs or fewer"));
        }
        graph.count(state);
        Ok(graph)
    }

    pub(crate) fn frame(&self, frame: usize) -> Option<&Frame> {
        self.frames.get(frame)
    }

    /// Adds the jobs of a workflow that runs.
    pub(crate) fn add(
        &mut self,
        workflow: Arc<Workflow>,
        frame: usize,
        state: &FrameState,
    ) -> Result<(), StartError> {
        let first = self.nodes.len();
        let needs = needs(&workflow)?;
        let caller = state.caller.and_then(|caller| self.nodes.get(caller.job));
        let depth =
            caller.and_then(|node| self.frames.get(node.frame)).map_or(0, |frame| frame.depth + 1);
        let open = needs.len();
        self.nodes.extend(needs.iter().enumerate().map(|(index, needs)| Node {
            frame,
            index,
            needs: needs.iter().map(|need| first + need).collect(),
            left: needs.len(),
            ..Node::default()
        }));
        for (index, needs) in needs.iter().enumerate() {
            for need in needs {
                if let Some(node) = self.nodes.get_mut(first + need) {
                    node.dependents.push(first + index);
                }
            }
        }
        self.frames.push(Frame { workflow, open, depth });
        Ok(())
    }

    /// The workflow that a job calls.
    pub(crate) fn called(&self, caller: JobKey) -> Option<Arc<Workflow>> {
        let node = self.nodes.get(caller.job)?;
        let job = self.frames.get(node.frame)?.workflow.jobs.get(node.index)?;
        job.as_call()?.workflow.clone()
    }

    /// The secrets that a job gives the workflow that it calls.
    pub(crate) fn secrets(&self, caller: JobKey) -> Option<&Secrets> {
        let node = self.nodes.get(caller.job)?;
        let job = self.frames.get(node.frame)?.workflow.jobs.get(node.index)?;
        job.as_call().map(|call| &call.secrets)
    }

    /// Counts what is open and what runs, from what has become of the jobs.
    fn count(&mut self, state: &RunState) {
        for (node, job) in self.nodes.iter_mut().zip(&state.jobs) {
            node.running = job.instances.iter().filter(|one| one.is_running()).count();
            node.open = job.instances.iter().filter(|one| one.result().is_none()).count();
        }
        let result = |job: usize| state.jobs.get(job).and_then(JobState::result);
        let mut open: BTreeSet<usize> =
            (0..state.jobs.len()).filter(|job| result(*job).is_some()).collect();
        let mut ready: Vec<usize> =
            open.iter().copied().filter(|job| self.left(*job) == 0).collect();
        // In the order of needs; what is left then was ended before those that it needs were over.
        while let Some(job) = ready.pop().or_else(|| open.first().copied()) {
            if open.remove(&job)
                && let Some(result) = result(job)
            {
                ready.extend(self.close(job, result).into_iter().filter(|job| open.contains(job)));
            }
        }
    }

    fn left(&self, job: usize) -> usize {
        self.nodes.get(job).map_or(0, |node| node.left)
    }

    /// Takes a job that is over off the counts of those that wait for it, and says which of them
    /// wait for nothing else.
    pub(crate) fn close(&mut self, job: usize, result: JobResult) -> Vec<usize> {
        let Some(node) = self.nodes.get_mut(job) else { return Vec::new() };
        let mut results = node.before;
        results.add(result);
        let (frame, dependents) = (node.frame, std::mem::take(&mut node.dependents));
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.open = frame.open.saturating_sub(1);
        }
        let mut ready = Vec::new();
        for dependent in &dependents {
            if let Some(node) = self.nodes.get_mut(*dependent) {
                node.before.join(results);
                node.left = node.left.saturating_sub(1);
                if node.left == 0 {
                    ready.push(*dependent);
                }
            }
        }
        if let Some(node) = self.nodes.get_mut(job) {
            node.dependents = dependents;
        }
        ready
    }
}

/// For each job the numbers of those that it needs, each once.
fn needs(workflow: &Workflow) -> Result<Vec<Vec<usize>>, StartError> {
    let mut numbers = BTreeMap::new();
    for (number, job) in workflow.jobs.iter().enumerate() {
        if numbers.insert(job.id.to_lowercase(), number).is_some() {
            return Err(StartError::Duplicate { place: job.place, job: job.id.to_string() });
        }
    }
    let mut needs = Vec::with_capacity(workflow.jobs.len());
    for job in &workflow.jobs {
        let mut of_job = Vec::with_capacity(job.needs.len());
        for need in &job.needs {
            let number =
                numbers.get(&need.what.to_lowercase()).ok_or_else(|| StartError::UnknownNeed {
                    place: need.place,
                    job: job.id.to_string(),
                    need: need.what.to_string(),
                })?;
            if !of_job.contains(number) {
                of_job.push(*number);
            }
        }
        needs.push(of_job);
    }
    circle(workflow, &needs).map_or(Ok(needs), Err)
}

/// A need that leads back to its job, where there is one.
fn circle(workflow: &Workflow, needs: &[Vec<usize>]) -> Option<StartError> {
    let mut left: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); needs.len()];
    for (job, needs) in needs.iter().enumerate() {
        needs
            .iter()
            .filter_map(|need| dependents.get_mut(*need).map(|of: &mut Vec<usize>| of.push(job)))
            .count();
    }
    let mut ready: Vec<usize> = (0..needs.len()).filter(|job| left.get(*job) == Some(&0)).collect();
    while let Some(job) = ready.pop() {
        for dependent in dependents.get(job).into_iter().flatten() {
            if let Some(left) = left.get_mut(*dependent) {
                *left -= 1;
                if *left == 0 {
                    ready.push(*dependent);
                }
            }
        }
    }
    let stuck = left.iter().position(|left| *left > 0)?;
    let job = workflow.jobs.get(stuck)?;
    let blocked = |id: &str| workflow.jobs.iter().position(|job| job.id.eq_ignore_ascii_case(id));
    let need = job.needs.iter().find(|need| {
        blocked(&need.what).and_then(|at| left.get(at)).is_some_and(|left| *left > 0)
    })?;
    Some(StartError::Circle {
        place: need.place,
        job: job.id.to_string(),
        need: need.what.to_string(),
    })
}
