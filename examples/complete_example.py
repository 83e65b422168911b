import os
from mesa_sdk import Mesa


def main() -> None:
    client = Mesa(api_key=os.environ["MESA_API_KEY"])

    # Create repository
    client.repos.create(
        org="my-org",
        body={"name": "example-repo"},
    )

    # Initial commit on main
    client.commits.create(
        org="my-org",
        repo="example-repo",
        body={
            "branch": "main",
            "message": "Initial commit",
            "author": {
                "name": "Bot",
                "email": "bot@example.com",
            },
            "edits": [
                {
                    "path": "README.md",
                    "action": "create",
                    "content": "# Example Repository\n",
                }
            ],
        },
    )

    # Create feature branch from latest main commit
    commits_page = client.commits.list(
        org="my-org",
        repo="example-repo",
        ref="main",
        limit=1,
    )
    head_sha = commits_page.result.commits[0].sha

    client.branches.create(
        org="my-org",
        repo="example-repo",
        body={
            "name": "feature",
            "head_sha": head_sha,
        },
    )

    # Commit feature change
    client.commits.create(
        org="my-org",
        repo="example-repo",
        body={
            "branch": "feature",
            "message": "Add feature",
            "author": {
                "name": "Bot",
                "email": "bot@example.com",
            },
            "edits": [
                {
                    "path": "feature.py",
                    "action": "create",
                    "content": "FEATURE_ENABLED = True\n",
                }
            ],
        },
    )

    # Diff feature against main
    diff = client.diffs.get(
        org="my-org",
        repo="example-repo",
        base="main",
        head="feature",
    )

    print(f"Changes: {len(diff.files)} files")

    # Merge feature branch into main and clean up
    merge = client.merge.perform(
        org="my-org",
        repo="example-repo",
        base="main",
        body={
            "head": "feature",
            "author": {
                "name": "Bot",
                "email": "bot@example.com",
            },
            "delete_branch": True,
        },
    )

    print(f"Merged via {merge.merge_type}: {merge.sha}")


if __name__ == "__main__":
    main()
