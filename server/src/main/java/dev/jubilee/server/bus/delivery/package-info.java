/**
 * Brings events to subscribers: one consumer routes, PostgreSQL holds what is owed, one thread
 * decides what is sent when.
 */
@NullMarked
package dev.jubilee.server.bus.delivery;

import org.jspecify.annotations.NullMarked;
