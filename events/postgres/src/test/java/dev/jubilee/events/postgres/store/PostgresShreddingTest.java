package dev.jubilee.events.postgres.store;

import dev.jubilee.events.postgres.RealPostgres;
import dev.jubilee.events.postgres.TestPostgres;
import dev.jubilee.events.tck.EventStoreFixture;
import dev.jubilee.events.tck.ShreddingContract;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealPostgres.class)
class PostgresShreddingTest extends ShreddingContract {
    private final PostgresFixture fixture;

    PostgresShreddingTest(TestPostgres postgres) {
        this.fixture = new PostgresFixture(postgres);
    }

    @Override
    protected EventStoreFixture fixture() {
        return fixture;
    }

    @AfterEach
    void closeFixture() {
        fixture.close();
    }
}
