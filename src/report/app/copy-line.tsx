/** A line to copy: the command that repeats a run. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** How long the button says that it is done. */
const TOLD_MS = 1_500;

export function CopyLine({ text }: { readonly text: string }): JSX.Element {
  const [told, setTold] = useState('');
  const onCopy = async (): Promise<void> => {
    const isDone = await copy(text);
    setTold(isDone ? 'Copied' : 'Select it and press Ctrl+C');
    setTimeout(() => setTold(''), TOLD_MS);
  };
  return (
    <div class="copy-line">
      <code tabIndex={0}>{text}</code>
      <button type="button" onClick={() => void onCopy()} aria-label="copy the line that repeats this run">
        {told === '' ? 'Copy' : told}
      </button>
      <span class="sr" role="status">
        {told}
      </span>
    </div>
  );
}

/** The clipboard is refused to some pages that were opened from disk: then by a selection. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    return isDone;
  }
}
