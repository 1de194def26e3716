/** What the two sides of the filling agree on. */
export interface HistoryOrder {
  /** In all chats together. */
  readonly messages: number;
}

export interface FilledChat {
  readonly conversationId: string;
  readonly events: number;
  /** Text of the newest of them, unlike any other. */
  readonly lastText: string;
}

export interface HistoryReport {
  readonly chats: readonly FilledChat[];
  /** Of the whole store, on the disk. */
  readonly bytes: number;
}

declare global {
  /** On the page that fills a store. */
  var fillHistory: (order: HistoryOrder) => Promise<HistoryReport>;
}
