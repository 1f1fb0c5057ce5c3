/**
 * What subscribers are owed: a delivery, how it is written, how it is read again when it waits, and
 * how the instances are told that it does.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.pending;

import org.jspecify.annotations.NullMarked;
