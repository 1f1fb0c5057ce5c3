package dev.jubilee.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.server.database.ConnectionPool.Address;
import org.junit.jupiter.api.Test;

final class ConnectionPoolTest {
    @Test
    void theAddressOfTheDocumentsIsTurnedIntoOneForJdbc() {
        Address address =
                Address.of("postgresql://me:p%40ss@db:6432/game?sslmode=require", null, null);

        assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://db:6432/game?sslmode=require");
        assertThat(address.user()).isEqualTo("me");
        assertThat(address.password()).isEqualTo("p@ss");
    }

    @Test
    void aHostMayHaveAnUnderscoreAndThereMayBeSeveral() {
        Address address = Address.of("postgres://me:pw@game_db:5432,other_db/game", null, null);

        assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://game_db:5432,other_db/game");
        assertThat(address.user()).isEqualTo("me");
    }

    @Test
    void aJdbcAddressIsTakenAsItIs() {
        assertThat(Address.of("jdbc:postgresql://db/game", "me", "pw"))
                .isEqualTo(new Address("jdbc:postgresql://db/game", "me", "pw"));
    }

    @Test
    void anAddressOfAnotherDatabaseIsRefused() {
        assertThatThrownBy(() -> Address.of("mysql://db/game", null, null))
                .hasMessageContaining("postgresql://");
    }

    @Test
    void thePasswordIsNotShown() {
        assertThat(
                        Address.of("jdbc:postgresql://db/game?password=secret&user=me", null, null)
                                .toString())
                .doesNotContain("secret");
    }
}
