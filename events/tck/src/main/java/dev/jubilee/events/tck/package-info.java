/**
 * What every transport and store must pass, to be extended by the tests of one: each suite asks for
 * a fixture, and holds what it makes to the contract of the interface.
 */
@NullMarked
package dev.jubilee.events.tck;

import org.jspecify.annotations.NullMarked;
