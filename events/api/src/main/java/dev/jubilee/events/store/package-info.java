/**
 * What a store of events promises: streams with optimistic concurrency, one global order without
 * gaps, snapshots, and subscriptions that remember where they are.
 */
@NullMarked
package dev.jubilee.events.store;

import org.jspecify.annotations.NullMarked;
