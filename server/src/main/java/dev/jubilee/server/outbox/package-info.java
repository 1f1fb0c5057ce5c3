/**
 * State changes on their way to the bus: written with the change, published after it, never lost.
 */
@NullMarked
package dev.jubilee.server.outbox;

import org.jspecify.annotations.NullMarked;
