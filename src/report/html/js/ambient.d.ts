// What a run of the page is given: `html/mod.rs` wraps the scripts of a run in a function with these parameters.

/** The run's data. */
declare const source: Data;
/** What the ids of its elements end with: nothing, or a letter where two runs are watched side by side. */
declare const suffix: string;
/** Selects what was clicked on. */
declare const select: (what: Subject | null) => void;

declare function openRun(source: Data, suffix: string, select: (what: Subject | null) => void): Run;
