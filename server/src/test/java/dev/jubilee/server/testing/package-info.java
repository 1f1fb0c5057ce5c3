/**
 * What tests stand on: real servers, a fresh database and topics for each class, a clock they move,
 * and patience.
 */
@NullMarked
package dev.jubilee.server.testing;

import org.jspecify.annotations.NullMarked;
