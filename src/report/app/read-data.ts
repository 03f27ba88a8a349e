/** The recorded runs inside the page: JSON, compressed, as base64 text. */
import type { PageData } from '../page-data.ts';

/** @throws {Error} with a text for people when the page holds no data, or the browser cannot unpack it. */
export async function readPageData(): Promise<PageData> {
  const text = document.getElementById('data')?.textContent?.trim() ?? '';
  if (text === '') throw new Error('This page holds no run: it is the empty template of a report.');
  if (typeof DecompressionStream === 'undefined')
    throw new Error('This browser is too old to unpack the run (it has no DecompressionStream).');
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return decodePageData(await new Response(stream).text());
}

function decodePageData(json: string): PageData {
  const data = JSON.parse(json) as PageData;
  if (data.format !== 1)
    throw new Error(`This page was made for data of another format (${String(data.format)}).`);
  return data;
}
