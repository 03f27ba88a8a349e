/** What a backup or a restore tells on its way, and how it is ended. */

/** How far it is. */
export interface CopyProgress {
  readonly step: 'receiving' | 'copying' | 'checking' | 'summing';
  /** Bytes, or records while they are received or checked. */
  readonly done: number;
  readonly of: number;
}

/** What a backup or a restore is told beside its folders. */
export interface CopyWatch {
  readonly onProgress: (progress: CopyProgress) => void;
  /** Ends it early: what was begun is removed. */
  readonly signal: AbortSignal;
}

/** Ended early, and nothing is left of it. */
export const INTERRUPTED = 'interrupted';
