/** The views of a report in real Chromium: a failing run, a passing one, two beside each other. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch, makePage, type Visit, visit } from './report-pages.ts';

const FAILS = ['scenarios/60-pos-coalition.yaml', '--set', 'expect=pass'] as const;
const VIEWS = ['Verdict', 'Space-time', 'Blocks', 'Plots', 'Faults', 'Events'] as const;

let browser: Browser;
let failing: string;
let passing: string;
let both: string;
let open: Visit | undefined;

beforeAll(async () => {
  browser = await launch();
  failing = await makePage('failing', ...FAILS);
  passing = await makePage('passing', 'scenarios/31-selfish-miner.yaml');
  both = await makePage('both', ...FAILS, '--beside', '2');
});

afterAll(() => browser.close());

afterEach(async () => {
  const faults = open?.faults ?? [];
  await open?.page.close();
  open = undefined;
  if (faults.length > 0) throw new Error(`the page did what it must not:\n${faults.join('\n')}`);
});

async function show(file: string, scheme: 'light' | 'dark' = 'light'): Promise<Visit> {
  open = await visit(browser, file, { scheme });
  return open;
}

function tab(page: Page, name: string): Promise<void> {
  return page.getByRole('tab', { name }).click();
}

/** How many messages the diagram says that it shows. */
async function messagesSeen(page: Page): Promise<number> {
  await page.waitForTimeout(150);
  const text = (await page.locator('.note-line').first().textContent()) ?? '';
  return Number(/([\d,]+) messages/.exec(text)?.[1]?.replaceAll(',', '') ?? Number.NaN);
}

/** Colours in a part of a canvas: a blank one has one. */
function coloursOf(page: Page): Promise<number> {
  return page
    .locator('canvas')
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const context = canvas.getContext('2d');
      const { data } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      const colours = new Set<string>();
      for (let i = 0; i < data.length; i += 4) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
      return colours.size;
    });
}

describe('a report of a failing run', () => {
  it.each(['light', 'dark'] as const)('opens every view from disk, in %s.', async (scheme) => {
    const { page, picture } = await show(failing, scheme);
    for (const name of VIEWS) {
      await tab(page, name);
      await page.waitForTimeout(200);
      expect(await page.getByRole('tabpanel').innerText()).not.toBe('');
      await picture(`failing-${scheme}-${name.toLowerCase()}`);
    }
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(back).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(17, 22, 28)');
  });

  it('says what was violated, as the command line does, and how to repeat it.', async () => {
    const { page } = await show(failing);
    const text = await page.getByRole('tabpanel').innerText();
    expect(text).toContain('Liveness violated: convergence');
    expect(text).toContain('FAILED pos-coalition, seed 1');
    expect(text).toContain('liveness: convergence/no-common-head violated at 60s');
    await page
      .context()
      .grantPermissions(['clipboard-read', 'clipboard-write'])
      .catch(() => undefined);
    await page.getByRole('button', { name: 'copy the line' }).click();
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
    expect(await page.locator('.copy-line code').innerText()).toMatch(
      /60-pos-coalition\.yaml --seed 1 --set expect=pass$/,
    );
  });

  it('draws messages, fewer of them when kinds and hosts are filtered.', async () => {
    const { page, picture } = await show(failing);
    await tab(page, 'Space-time');
    await page.getByRole('button', { name: 'whole run' }).click();
    const all = await messagesSeen(page);
    expect(all).toBe(1408);
    expect(await coloursOf(page)).toBeGreaterThan(50);
    await page.getByRole('button', { name: /^Status/ }).click();
    const withoutStatus = await messagesSeen(page);
    expect(withoutStatus).toBe(1408 - 798);
    await page.locator('.hosts summary').click();
    await page.getByRole('checkbox', { name: 'n0' }).check();
    const ofOne = await messagesSeen(page);
    expect(ofOne).toBeGreaterThan(0);
    expect(ofOne).toBeLessThan(withoutStatus);
    await page.locator('.hosts summary').click();
    await picture('filtered');
    await page.getByRole('button', { name: 'none' }).click();
    expect(await messagesSeen(page)).toBe(0);
  });

  it('zooms by the wheel and by buttons, and moves by drag.', async () => {
    const { page } = await show(failing);
    await tab(page, 'Space-time');
    await page.getByRole('button', { name: 'whole run' }).click();
    const all = await messagesSeen(page);
    const canvas = page.locator('canvas').first();
    await canvas.hover({ position: { x: 500, y: 120 } });
    for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -200);
    const near = await messagesSeen(page);
    expect(near).toBeLessThan(all / 2);
    const before = await page.locator('.note-line').first().textContent();
    await page.mouse.down();
    await page.mouse.move(700, 400, { steps: 5 });
    await page.mouse.up();
    await messagesSeen(page);
    expect(await page.locator('.note-line').first().textContent()).not.toBe(before);
    await page.getByRole('button', { name: 'whole run' }).click();
    expect(await messagesSeen(page)).toBe(all);
  });

  it('follows the causes of what is selected, by keys alone.', async () => {
    const { page, picture } = await show(failing);
    await page.keyboard.press('2');
    await page.locator('canvas').first().focus();
    await page.keyboard.press('0');
    const all = await messagesSeen(page);
    await page.keyboard.press('ArrowDown');
    const detail = page.getByRole('complementary');
    await detail.waitFor();
    const first = await detail.getByRole('heading', { level: 3 }).innerText();
    await page.keyboard.press(',');
    await page.waitForTimeout(100);
    expect(await detail.getByRole('heading', { level: 3 }).innerText()).not.toBe(first);
    await page.getByRole('button', { name: 'what led to it' }).click();
    const led = await messagesSeen(page);
    await page.getByRole('button', { name: 'what it could know' }).click();
    const knowable = await messagesSeen(page);
    await picture('causal-past');
    expect(led).toBeGreaterThan(0);
    expect(knowable).toBeGreaterThan(led);
    expect(knowable).toBeLessThan(all);
    await page.locator('canvas').first().focus();
    await page.keyboard.press('Escape');
    expect(await messagesSeen(page)).toBe(all);
    expect(await detail.count()).toBe(0);
  });

  it('scrubs through the tree of blocks as each host has it.', async () => {
    const { page, picture } = await show(failing);
    await tab(page, 'Blocks');
    const scrubber = page.getByRole('slider');
    const blocks = page.locator('.tree .block');
    await scrubber.fill('5100000');
    await page.waitForTimeout(150);
    const early = await blocks.count();
    await scrubber.fill('24000000');
    await page.waitForTimeout(150);
    expect(await blocks.count()).toBeGreaterThan(early);
    await page.getByLabel('as seen by').selectOption({ label: 'n1' });
    await page.waitForTimeout(150);
    expect(await page.locator('.tree .block.unknown').count()).toBeGreaterThan(0);
    expect(await page.locator('.tree .block.own').count()).toBe(1);
    await picture('tree-of-n1');
    await scrubber.focus();
    const before = await page.locator('output').innerText();
    await page.keyboard.press('ArrowLeft');
    await page.waitForTimeout(100);
    expect(await page.locator('output').innerText()).not.toBe(before);
  });

  it('lists events and finds them, and goes to their moment.', async () => {
    const { page } = await show(failing);
    await tab(page, 'Events');
    await page.getByRole('searchbox').fill('BlockRejected');
    await page.waitForTimeout(150);
    const rows = await page.locator('.event-list .row').allInnerTexts();
    expect(rows).toHaveLength(3);
    expect(rows.join()).toContain('CONFLICTS_WITH_FINAL');
    await page.locator('.event-list .row button').first().click();
    await page.getByRole('complementary').waitFor();
    expect(await page.getByRole('complementary').innerText()).toContain('BlockRejected');
  });

  it('is whole on paper: every view, in black on white, whatever the theme.', async () => {
    const { page } = await show(failing, 'dark');
    await page.emulateMedia({ media: 'print' });
    await page.waitForTimeout(400);
    expect(await page.locator('.print-title:visible').allInnerTexts()).toEqual([...VIEWS]);
    expect(await page.locator('canvas').count()).toBeGreaterThan(4);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      'rgb(255, 255, 255)',
    );
    await page.screenshot({ path: 'reports/pages/print.png', fullPage: true });
    await page.pdf({ path: 'reports/pages/failing.pdf', format: 'A4', printBackground: true });
  });

  it('has keys for everything, and shows where the focus is.', async () => {
    const { page, picture } = await show(failing);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await picture('help');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const [i, name] of VIEWS.entries()) {
      await page.keyboard.press(String(i + 1));
      await page.getByRole('tab', { name, selected: true }).waitFor();
    }
    await page.getByRole('tab', { name: 'Events' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: 'Verdict', selected: true }).waitFor();
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    );
    expect(outline).toBe('solid');
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    await page.waitForTimeout(100);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      'rgb(17, 22, 28)',
    );
  });
});

describe('a report of a passing run', () => {
  it('says so, and shows forks of its tree.', async () => {
    const { page, picture } = await show(passing);
    expect(await page.getByRole('tabpanel').innerText()).toContain('everything that was promised held');
    for (const name of VIEWS) {
      await tab(page, name);
      await page.waitForTimeout(150);
      await picture(`passing-${name.toLowerCase()}`);
    }
  });
});

describe('a report of two runs', () => {
  it('has them beside each other in every view, or one of them.', async () => {
    const { page, picture } = await show(both);
    expect(await page.getByRole('tabpanel').innerText()).toContain('A beside B');
    for (const name of VIEWS) {
      await tab(page, name);
      await page.waitForTimeout(200);
      expect(await page.locator('.run').count()).toBe(2);
      await picture(`both-${name.toLowerCase()}`);
    }
    await page.getByRole('button', { name: 'B', exact: true }).click();
    await page.waitForTimeout(100);
    expect(await page.locator('.run').count()).toBe(1);
    expect(await page.locator('.run-title').innerText()).toContain('seed 2');
  });
});
