@NullMarked
package dev.jubilee.server.conditions;

import org.jspecify.annotations.NullMarked;
