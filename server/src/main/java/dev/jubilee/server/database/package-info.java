/** PostgreSQL: the pool, transactions, migrations, and news of changes made by other instances. */
@NullMarked
package dev.jubilee.server.database;

import org.jspecify.annotations.NullMarked;
