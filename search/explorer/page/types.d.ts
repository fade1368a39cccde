/** What the page says of itself and its store; written by `search/explorer/page_data.py`. */
export interface Facts {
  store: string;
  recipe: string;
  fingerprint: string;
  date: string;
  version: string;
  /** Items of the store, and of those that the filter selects. */
  total: number;
  selected: number;
  where: string[];
  k: number;
  layout: string;
  seed: number;
  /** Pixels of a side of a page of pictures, and of a picture's cell in it. */
  pageSide: number;
  cell: number;
  pages: number;
  /** Whether all pictures are bright strokes on black. */
  ink: boolean;
  palette: string[];
  /** The distance within which items are listed as near-duplicates at first. */
  radius: number;
  suspectsNote: string;
  /** The list that the page opens on; empty for none. */
  listing: string;
}

/** All items of the page; an item is its index. */
export interface Collection {
  facts: Facts;
  count: number;
  k: number;
  ids: Float64Array;
  keys: string[];
  /** Index into `labelNames`, or NONE. */
  labels: Uint32Array;
  labelNames: string[];
  /** By field, a value for each item; null where it has none. */
  metadata: Record<string, (string | number | boolean | null)[]>;
  /** Two numbers from 0 to 65535 for each item. */
  points: Uint16Array;
  /** k for each item, nearest first: an index, or `count` + an index into `outside`. */
  neighbours: Uint32Array;
  distances: Float32Array;
  /** Items that are neighbours, but not on the page. */
  outside: { ids: number[]; keys: string[]; labels: (string | null)[] };
  /** Where an item's picture is, counted through all pages, or NONE; and its width and height in pixels. */
  slots: Uint32Array;
  sizes: Uint8Array;
  suspects: Suspect[];
  groups: number[][];
  /** The query whose hits the page opens on, if it does. */
  query: Query | null;
  rejects: { key: string; reason: string }[];
}

/** An item whose neighbours have another label. */
export interface Suspect {
  index: number;
  said: string;
  margin: number;
  /** The share of labels that are wrong where the vote is so clear; null where that was not tried. */
  confidence: number | null;
}

/** A list of items, with what is written of each, and what the list is. */
export interface Listing {
  items: number[];
  /** After the label. */
  hint: (item: number) => string;
  /** At the end of the row. */
  note: (item: number) => string;
  /** Whether a group begins with this item. */
  starts: (item: number) => boolean;
  about: string;
}

/** A query by a stored item, or by another picture or vector: then `item` is -1. Its hits are indices, nearest first. */
export interface Query {
  name: string;
  item: number;
  hits: number[];
  distances: number[];
  /** How many hits there were; some may not be on the page. */
  total: number;
}

/** A neighbour of an item; `index` is -1 for one that is not on the page. */
export interface Neighbour {
  index: number;
  id: number;
  key: string;
  label: string | null;
  distance: number;
}

/** A field's values, each with a code that is its index; `codes` has that of each item. */
export interface Facet {
  field: string;
  title: string;
  names: string[];
  codes: Uint32Array;
  /** Whether the values have an order, from low to high. */
  ordered: boolean;
}

/** Codes by field: an item must have one of a field's codes, for every field. */
export type Filter = Map<string, Set<number>>;

export interface Point {
  x: number;
  y: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export type Rgb = [number, number, number];

/** What is drawn of an item besides its place. */
export interface Style {
  colour: Rgb;
  shape: number;
}

/** Draws the map; one class draws by WebGL2, the other on a plain canvas. */
export interface MapRenderer {
  resize(width: number, height: number, ratio: number): void;
  setStyles(styles: Uint8Array): void;
  draw(frame: Frame): void;
  /** Call a function with the milliseconds that drawing took, after every picture or after some. */
  onTimed(listener: (time: number) => void): void;
}

/** What of the map is in the window, in CSS pixels. */
export interface View {
  centre: Point;
  /** CSS pixels per unit of the map, which is 1 wide. */
  scale: number;
  width: number;
  height: number;
}

/** One picture of the map. */
export interface Frame extends View {
  dotSize: number;
  /** Items in view whose dots are drawn, null for all. */
  visible: number[] | null;
  /** The side of a picture, 0 for none. */
  pictureSize: number;
  /** Items in view whose pictures are wanted. */
  inView: number[];
  background: Rgb;
  accent: Rgb;
  dark: boolean;
}

/** What a service answers to a search. */
export interface Answer {
  query: { asked: string; id?: number; key?: string; label?: string | null };
  hits: AnsweredHit[];
}

export interface AnsweredHit {
  rank: number;
  id: number;
  key: string;
  label: string | null;
  distance: number;
}
