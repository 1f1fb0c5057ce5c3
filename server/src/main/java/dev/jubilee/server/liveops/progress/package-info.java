/**
 * From bus events to progress: each event that a rule names counts once for each player and
 * occurrence it concerns, in the order of its partition, in the transaction that moves the consumer
 * on.
 */
@NullMarked
package dev.jubilee.server.liveops.progress;

import org.jspecify.annotations.NullMarked;
