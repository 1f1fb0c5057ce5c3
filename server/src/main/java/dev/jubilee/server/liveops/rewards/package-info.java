/**
 * The rewards that players of live events earn, and their claims: a grant is made once by the
 * database's constraint, and caps hold for each occurrence from any number of instances.
 */
@NullMarked
package dev.jubilee.server.liveops.rewards;

import org.jspecify.annotations.NullMarked;
