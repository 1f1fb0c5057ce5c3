/** The record of every attempt, which ends a delivery, and who may read it. */
@NullMarked
package dev.jubilee.server.bus.delivery.attempts;

import org.jspecify.annotations.NullMarked;
