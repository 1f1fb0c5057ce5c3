/**
 * Brings events to subscribers: one consumer routes, PostgreSQL holds what is owed, one thread
 * decides what is sent when. Here the parts are put together; each has a package of its own, and
 * none of them knows this one.
 */
@NullMarked
package dev.jubilee.server.bus.delivery;

import org.jspecify.annotations.NullMarked;
